"""Small settings and XML files, and what to put into files of both languages to break them, or nearly."""

from __future__ import annotations

from mutations import Pieces


def split(joined: str) -> tuple[str, ...]:
    """Return pieces that are written with bars between them."""
    return tuple(joined.split("¦"))


OUR_SETTINGS = (
    '{"a":1,"B":{"c":[true,null,"x",[],{}]},"d:e":1.50}',
    '{\r\n  // one\r\n  "A": "C:\\\\x", /* two */\r\n  "b": {"c": {"d": "\\u00e9\\ud83d\\ude00"}},\r\n}\r\n',
    "{}",
    '\ufeff{"s":"","\u0131":[1,[2,[3]],],"k":{"":null}}',
    '{"x":' * 62 + '{"y":[1],"z":{}}' + "}" * 62,
    '{"x":-0.0e-0,"y":12345678901234567890,"z":{"y":{"x":{"w":false}}},"z:a":[{"b":1},{"b":2}]}',
)
JSON_MEMBERS = split(
    '"a":1,¦"A":2,¦"a:b":3,¦"a":{"b":4},¦"a":[5,],¦"":6,¦"\u0130":7,¦"\u017f":8,"s":9,¦"b":{},¦'
    '"\u1f80":1,"\u1f88":2,¦"\U00010428":1,"\U00010400":2,¦"Logging:LogLevel:Default":"x",¦"a":{},¦"K":[],¦'
    '"z:y":1,¦"Z:A:0:b":{"c":1},¦"z":{"q":1},¦"\\u212a":1,¦"k:":1,¦"B:c:5":1,¦"b:C:0":1,'
)
JSON_SPACE = split("// x\n¦/* x */¦/**/¦/***/¦// \r¦ ¦\t¦\n¦\r¦/* \u2029\n*/¦// \u2028\n¦\x0c¦//")
JSON_INSIDE = split("\\u0041¦\\ud800¦\\ud83d\\ude00¦\\udc00¦\\x¦\\/\\b¦\\u00e¦\t¦\x7f¦\u2028¦\U0001f600¦//")
JSON = Pieces(
    (
        *JSON_MEMBERS,
        *("[" * 60, '{"a":' * 61, "9" * 400, "1" * 5000),
        *split(
            '{¦}¦[¦]¦:¦,¦"¦/¦\\¦-¦0¦.¦e¦+¦ ¦\t¦\n¦\r¦\x00¦\x0b¦\x1f¦\x7f¦\x85¦\xa0¦// x\n¦//¦// \u2028\n¦/* x */¦'
            "/**/¦/*/¦/***/¦*/¦/* \u2029\n*/¦\u2028¦\ufeff¦true¦True¦null¦nul¦NaN¦Infinity¦01¦-0¦-¦1.¦1.50¦.5¦1e¦"
            '1E+5¦1e400¦0x1¦"\\u0041"¦"\\ud800"¦"\\ud83d\\ude00"¦"\\udc00\\ud800"¦"\\x"¦"\\/\\b\\f"¦"\\u00e"¦'
            '\'a\'¦{"b":{"c":[{}]}}¦[[[]]]¦[1 2]¦\U0001f600¦\xe9'
        ),
    ),
    (
        (r"[{},:\[\]]", JSON_SPACE),
        (r'"(?=\s*:)', JSON_SPACE),
        (r"\{", JSON_MEMBERS),
        (r'(?<=[}\]"0-9el])\s*,', JSON_MEMBERS),
        (r"[{\[:,]\s*\"[^\"\r\n]?", JSON_INSIDE),
        (r":\s*(?=[^\s])", split('-¦1.0,"n1":¦0¦[1,2],"n2":¦1e5,"n3":¦{},"n4":¦"","n5":')),
        (r"[}\]]", split(",¦,}¦]¦}")),
    ),
)

OUR_XML = (
    '<?xml version="1.0" encoding="utf-8"?>\r\n<configuration>\r\n  <system.webServer>\r\n    <aspNetCore a=\'1\' b="&lt;&#xA;>"/>\r\n'
    "  </system.webServer>\r\n</configuration>\r\n",
    "<!-- x --><configuration><a b=''><![CDATA[<c>]]></a>text &amp; more<?p q?></configuration><!-- y -->",
    '\ufeff<c xmlns="urn:a" xmlns:b="urn:b" b:x="1" x="2"><b:d>\u00e9</b:d><e xmlns="" y="a\tb&#13;"/></c>\n',
    "<configuration/>",
)
XML = Pieces(
    split(
        "<¦>¦/¦=¦\"¦'¦&¦;¦-¦--¦]]>¦<!¦<?¦?>¦:¦ ¦\t¦\n¦\r¦\x00¦\x0b¦\x7f¦\x85¦\xa0¦\u2028¦\ufeff¦\ufffe¦\U0001f600¦"
        "\xe9¦&amp;¦&lt;¦&nbsp;¦&#0;¦&#x9;¦&#xD800;¦&#x10FFFF;¦&#x110000;¦&#65;¦&#x1F;¦&#xFFFE;¦<a>¦</a>¦<a/>¦"
        "<b:a/>¦<a:/>¦<:a/>¦<!-- x -->¦<!---->¦<!-- -- -->¦<!-- x --->¦<![CDATA[x]]>¦<![CDATA[¦<?p?>¦<?xml?>¦"
        '<?XML x?>¦<?a:b?>¦<?xml version="1.0"?>¦<!DOCTYPE a>¦<!DOCTYPE a [<!ENTITY b \'c\'>]>¦xmlns:b="urn:b"¦'
        "<1a/>¦<\xe9/>¦<a\u0301/>"
    ),
    (
        (
            r"<[\w.:]+(?=[\s/>])|[\x22'](?=\s*/?>)",
            split(
                ' a="1"¦ A=\'1\'¦ b:x="1"¦ xmlns:b="urn:b"¦ xmlns:c="urn:b"¦ c:x="2"¦ xmlns=""¦ xmlns:b=""¦'
                ' xml:space="preserve"¦ xml:x="1"¦ xmlns:xml="urn:x"¦ xmlns:xmlns="urn:x"¦'
                ' xmlns:xml="http://www.w3.org/XML/1998/namespace"¦ :a="1"¦ a:="1"¦ a:b:c="1"¦ \xe9="1"¦'
                ' a="&lt;&gt;&quot;&apos;"¦ a=">"¦ a="<"¦ a="\t\r\n x  y "¦ a = "1"¦ a¦ a=¦ a=1¦a="1"¦'
                ' a="&#13;&#10;&#9;"¦ xmlns:p="http://www.w3.org/2000/xmlns/"¦'
                ' xmlns="http://www.w3.org/XML/1998/namespace"¦ xml:lang="xx yy"¦ xml:space="x"¦ -a="1"¦ a-="1"¦'
                ' a.b="\U0001f600"¦ a="\ud7ff"¦ xmlns="urn:a" ¦\n¦\x85¦\u2028'
            ),
        ),
        (
            r">",
            split(
                "x¦&amp;¦&#x41;¦]]>¦]]&gt;¦<!-- x -->¦<!---->¦<!-- a--b -->¦<!--a--->¦<![CDATA[]]>¦<![CDATA[ ]] > ]]>¦"
                "<?p q?>¦<?xml-stylesheet a?>¦<?xml?>¦<?Xml a?>¦<?a:b c?>¦<?p¦<?p?q?>¦<a/>¦<A></A >¦<a></ a>¦< a/>¦"
                "\x85¦\ufffd¦<b:a xmlns:b=\"urn:x\"/>¦<b:a/>¦<a xmlns='urn:q'><b/></a>¦<xml:a/>¦<xmlns:a/>¦<xmlfoo/>¦"
                "<a.b-c_d/>¦<_a/>¦<-a/>¦<\xb7a/>¦<a\xb7/>¦<!DOCTYPE a>¦<!doctype a>¦<!ELEMENT a>¦&¦&a;¦&amp¦&#;¦&#x;¦"
                "&#X41;¦\x1f¦\ufffe¦\U0001ffff¦<\U00010400/>¦<\u2160/>¦<\u0132/>"
            ),
        ),
        (
            r"[\x22'](?=\s*/?>)",
            split(' q1="1"¦ Q2="&lt;\t>"¦\n\tq3 = \'\'¦ xmlns:q4="urn:q"¦ xml:lang="fr"¦ q5="&#233;\xe9"¦ ¦\r\n'),
        ),
        (
            r"<(?!!|\?)[^<>]*>(?=\s)",
            split(
                "<q/>¦<q a='1'><r /></q>¦<!-- < & > -->¦<?q <a> ?>¦<xmlfoo>&#x41;</xmlfoo>¦\r¦<q:r xmlns:q=\"urn:q\"/>"
            ),
        ),
        (r"(?<=[^\s<])(?=\s*</)|\A(?:\ufeff)?<\?xml[^>]*\?>|>\s*\Z", split("\n¦<!-- q -->¦<?q r?>¦\r\n\t")),
        (
            r"^\ufeff?",
            split(
                "<?xml version=\"1.0\"?>¦<?xml version='1.0' encoding='UTF-8' standalone='yes'?>¦"
                '<?xml version="1.1"?>¦<?xml version="1.0" encoding="utf-16"?>¦'
                '<?xml version="1.0" encoding="us-ascii"?>¦<?xml version="1.0" encoding="iso-8859-1"?>¦'
                '<?xml version="1.0" encoding="windows-1252"?>¦<?xml version="1.0" encoding="x-none"?>¦'
                '<?xml version="1.0" encoding=""?>¦<?xml encoding="utf-8"?>¦<?xml version="1.0" standalone="maybe"?>¦'
                '<?xml version="1.0" standalone="no" encoding="utf-8"?>¦<?xml version="2.0"?>¦<?xml version="1.0"  ?>¦'
                "<?xml version = '1.0'?>¦<?xml\tversion='1.0'\n?>¦<?xml version='1.0' encoding='Utf-8'?>¦ ¦\n¦"
                "<!-- x -->¦\ufeff¦x¦&#32;¦<![CDATA[]]>¦<?p?>"
            ),
        ),
        (r"(?:</[\w.]+|/)>\s*$", split(" ¦\n¦\x00¦x¦<a/>¦<!-- x -->¦<?p?>¦&#32;¦<![CDATA[]]>¦\ufeff¦</a>")),
    ),
)
