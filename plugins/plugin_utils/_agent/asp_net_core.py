# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The elements of a server's web.config that hand requests to IIS's module for ASP.NET Core.

learn.microsoft.com "web.config file", attributes of the aspNetCore element.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET


def elements(content: bytes) -> list[ET.Element]:
    """Return the elements, usually one; none where the file is no XML, of which the task of web.config tells."""
    try:
        root = ET.fromstring(content)  # noqa: S314  (the server's own file; entities are not fetched)
    except ET.ParseError:
        return []
    return list(root.iter("aspNetCore"))
