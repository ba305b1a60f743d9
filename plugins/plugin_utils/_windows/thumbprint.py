# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The thumbprint of a certificate as people give it."""

from __future__ import annotations


def cleaned(text: str) -> str:
    """Return a thumbprint in upper case without what people copy with it: spaces, colons, and the invisible mark that
    the Windows dialogue puts before it.
    """
    return "".join(c for c in text if c.isalnum()).upper()
