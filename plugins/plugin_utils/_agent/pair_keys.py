# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""By which keys a section of the settings names its key pair: file, thumbprint, subject, store's location, store.

Vendor pages "appsettings" and "appsettings.agent": a file comes before what the other keys name.
"""

from __future__ import annotations

PLAIN = ("File", "Thumbprint", "DistinguishedName", "StoreLocation", "StoreName")
X509 = ("X509KeyFilePath", "X509Thumbprint", "X509SubjectDistinguishedName", "X509StoreLocation", "X509StoreName")
