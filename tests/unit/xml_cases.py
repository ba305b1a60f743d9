"""XML files that .NET refuses, or we on purpose: for the unit tests, and for .NET itself on the rig."""

from __future__ import annotations

UTF8, ASCII = '<?xml version="1.0" encoding="utf-8"?>', '<?xml version="1.0" encoding="us-ascii"?>'
BAD: dict[bytes, tuple[int, int, str]] = {
    text if isinstance(text, bytes) else text.encode(): where
    for text, where in (
        ("", (1, 1, "no element")),
        ("<c>", (1, 4, "expected </c>, which closes line 1")),
        ("<c>\n  <a></c>", (2, 8, "expected </a>, which closes line 2")),
        ('<c>\n  <add a="</>">\n</c>', (2, 11, "expected &lt; for '<' in a value")),
        ('<c a="1" a="2"/>', (1, 10, "duplicate attribute")),
        ('<c a="<"/>', (1, 7, "not well-formed")),
        ('<c a="\x01"/>', (1, 7, "not well-formed")),
        ("<c>&nbsp;</c>", (1, 4, "undefined entity")),
        ("<c>a & b</c>", (1, 7, "not well-formed")),
        ("<c a=1/>", (1, 6, "expected a name")),
        ("<c/><c/>", (1, 5, "junk after document element")),
        ("<!-- a -- b --><c/>", (1, 10, "not well-formed")),
        ("\n<?xml version='1.0'?><c/>", (2, 1, "not at start")),
        ("<!DOCTYPE c><c/>", (1, 12, "a document type")),
        ('<?xml version="1.1"?><c/>', (1, 1, "expected XML version 1.0, found 1.1")),
        ('<?xml version="1.0" encoding="utf-16"?><c/>', (1, 1, "expected encoding utf-8, found utf-16")),
        ('<?xml version="1.0" encoding="x-none"?><c/>', (1, 1, "expected encoding utf-8, found x-none")),
        ("<c>\n<b:a/></c>", (2, 1, "unbound prefix")),
        ('<c b:x="1"/>', (1, 1, "unbound prefix")),
        ('<c xmlns:xmlns="urn:x"/>', (1, 1, "reserved prefix")),
        ('<c xmlns:p="urn:x" xmlns:q="urn:x" p:a="1" q:a="2"/>', (1, 1, "duplicate attribute")),
        ('<c xmlns:p=""/>', (1, 1, "undeclare prefix")),
        ('<c a:="1"/>', (1, 6, "not well-formed")),
        ("<c><?a:b c?></c>", (1, 7, "not well-formed")),
        ('<c>\n<a xml:space="x"/></c>', (2, 1, "expected default or preserve")),
        ("\ufeff\ufeff<c/>", (1, 1, "second byte order mark")),
        (b"<c a='\xe9'/>", (1, 7, "not well-formed")),
    )
}
"""A file, and line, column and reason of its refusal."""

ONLY_OURS: dict[bytes, tuple[int, int, str]] = {
    (ASCII + '<c a="\u00e9"/>').encode(): (1, 1, "expected encoding utf-8, found us-ascii"),
    ('<?xml version="1.0\u00a0" encoding="utf-8"?>\r\n<c/>').encode(): (1, 19, "not well-formed"),
    b"<xmlns:c/>": (1, 1, "unbound prefix"),
}
"""The same for files that .NET reads."""

READ: dict[bytes, list[list[str]]] = {
    ("\ufeff" + UTF8 + "<c a='&#13;\t\r\n>&lt;&quot;'/>").encode(): [["0", "c", "a", '\r  ><"']],
    (ASCII + "<c a='&#233;'><b xml:space='preserve'/></c>").encode(): [
        ["0", "c", "a", "\u00e9"],
        ["1", "b", "xml:space", "preserve"],
    ],
    b'<c xmlns="urn:x" xmlns:p="urn:y" p:a="1" a="2"><p:b/></c>': [
        ["0", "c", "xmlns", "urn:x", "xmlns:p", "urn:y", "p:a", "1", "a", "2"],
        ["1", "p:b"],
    ],
}
"""A file, and its elements: depth, name, attributes and values in turn."""
