"""The version that a program tells of itself, in its version resource."""

from __future__ import annotations

import re

from .nodes import Node

_KEY = "ProductVersion\0".encode("utf-16-le")


def product_version(node: Node) -> str | None:
    """Return the ProductVersion of a program, None where it has none.

    A structure String of VS_VERSIONINFO: the key as UTF-16 that ends with a null, padding to 32 bits, the value alike;
    learn.microsoft.com "String structure (verrsrc.h)".
    """
    if not re.search(r"\.(dll|exe)$", node.name, re.IGNORECASE):
        return None
    _before, key, rest = (node.content or b"").partition(_KEY)
    value = rest.lstrip(b"\0") if key else b""
    value += b"\0" * (len(value) % 2)
    return value.decode("utf-16-le", "replace").partition("\0")[0] or None


def with_version(content: bytes, version: str) -> bytes:
    """Return a program that tells a version of itself."""
    return content + _KEY + b"\0\0" + f"{version}\0".encode("utf-16-le")
