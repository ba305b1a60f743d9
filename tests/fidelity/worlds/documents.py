"""XML files: win_xml.

Not drawn are documents with a document type, white space that xml:space keeps, XPath functions beyond the usual ones,
relative paths, verbose runs, which show what was removed, and read-only files, which the engine under Wine writes over.
"""

from __future__ import annotations

import base64
import typing as t

from hypothesis import strategies as st

from ..known import Difference, Known
from ..tree import PLACE, TreeWorld
from ..world import Sequence, Step
from .copies import BACKUP, backups_in_a_second

MODULE, FILE = "community.windows.win_xml", "ansible.windows.win_file"

WEB_CONFIG = """<?xml version="1.0" encoding="utf-8"?>\r
<configuration>\r
  <!-- kept -->\r
  <location path="." inheritInChildApplications="false">\r
    <system.webServer>\r
      <handlers>\r
        <add name="aspNetCore" path="*" verb="*" modules="AspNetCoreModuleV2" resourceType="Unspecified" />\r
      </handlers>\r
      <aspNetCore processPath="dotnet" arguments=".\\Usercube-Agent.dll" stdoutLogEnabled="false"></aspNetCore>\r
    </system.webServer>\r
  </location>\r
</configuration>\r
"""
SMALL = "<root><a b='1' c='x'>one</a><a b='2'/><a>Three <i>mixed</i> &amp; &lt;more&gt;</a><e></e><f/><!-- c --></root>"
INDENTED = "<?xml version='1.0'?>\n<root>\n\t<a b='A'>\n\t\t<b>child</b>\n\t</a>\n\t<t> text </t>\n\t<t/>\n</root>\n"
SPACED = '<root xmlns="urn:x" xmlns:y="urn:y"><a y:b="1">one</a><y:a b="2" /></root>'
PREFIXED = '<p:root xmlns:p="urn:p"><p:a b="1">one</p:a><a b="2">two</a></p:root>'
ODD = (
    '<?xml version="1.0" encoding="ISO-8859-1" standalone="yes"?><?pi data?><!-- before --><root x="&#xA;&quot;\'&gt;">'
    "<a>h\u00e4</a><![CDATA[<raw>]]></root><!-- after -->"
)
TEXTS: dict[str, bytes] = {
    "web.config": b"\xef\xbb\xbf" + WEB_CONFIG.encode(),
    "small.xml": SMALL.encode(),
    "indented.xml": INDENTED.encode(),
    "spaced.xml": SPACED.encode(),
    "prefixed.xml": PREFIXED.encode(),
    "odd.xml": ODD.encode("latin-1"),
    "text.xml": b"hello",
    "broken.xml": b"<root><a></root>",
    "empty.xml": b"",
    "bare.xml": b"<root />",
    "only.xml": b"<root>text</root>",
    "h\u00e4.xml": "<root a='1'><a>h\u00e4 \u65e5\u672c</a></root>".encode(),
}
FILES = {f"{PLACE}\\{name}": {"content": base64.b64encode(content).decode()} for name, content in TEXTS.items()}
SETTINGS = ("processPath", "arguments", "stdoutLogEnabled", "stdoutLogFile", "hostingModel")
VALUES = ("dotnet", "./Usercube-Agent.dll", "false", "FALSE", "../Temp/stdout-agent.log", "inprocess", 'a & <b> "c"')
SECTION = (
    '<applicationInitialization doAppInitAfterRestart="true"><add initializationPage="/" /></applicationInitialization>'
)
WEB_FRAGMENTS = (
    SECTION,
    SECTION,
    SECTION.upper(),
    '<add name="aspNetCore" path="*" verb="*" modules="AspNetCoreModuleV2" resourceType="Unspecified" />',
    '<httpProtocol><customHeaders><remove name="X-Powered-By"/></customHeaders></httpProtocol>',
    "<security />",
)
WEB_PATHS = (
    "//system.webServer",
    "//system.webServer",
    "//system.webServer/handlers",
    "/configuration/location",
    "//aspNetCore",
    "//location[@path='.']/system.webServer",
    "//none",
)
PATHS = (
    "//a",
    "//a",
    "//a",
    "/root",
    "/root/a",
    "//a[@b]",
    "//a[@b='1']",
    "//a[2]",
    "//a[last()]",
    "//e",
    "//f",
    "//t",
    "//i",
    "/root/*",
    "//a/b",
    "//none",
    "root",
    "//a | //e",
    "/root/a/..",
    "//*[local-name()='a']",
    "//a[.='one']",
)
ODD_PATHS = ("//a/@b", "//@b", "//a/text()", "/", "//comment()", "//p:a", "//y:a", "//p:root/a", "//x:a", "//a/..", "*")
FRAGMENTS = (
    "<n/>",
    "<n x='1'>t</n>",
    "<a b='2'/>",
    "<A B='1' C='X'>ONE</A>",
    "<e/>",
    "<b>child</b>",
    "<n><m/>t<o/></n>",
)
ODD_FRAGMENTS = (
    "<n>h\u00e4 \u65e5\u672c &amp;</n>",
    " <!-- c --><n> <m> </m> </n>",
    "<n xmlns='urn:x'/>",
    "<p:n xmlns:p='urn:p' p:q='1'/>",
    "<n",
    "text",
    "",
    "<n/><m/>",
)
ATTRIBUTES = ("b", "b", "c", "new", "B", "x", "name", "h\u00e4")
ODD_VALUES = ("", "1", "2", "A", "a", "X", "h\u00e4", "a\r\nb\tc", "it's", 5, True)


def _below(*names: str) -> st.SearchStrategy[str]:
    return st.sampled_from(names).map(lambda name: f"{PLACE}\\{name}" if name else "")


_any = _below("small.xml", "small.xml", "small.xml", "indented.xml", "indented.xml", "odd.xml", "h\u00e4.xml")
_odd = _below(
    "spaced.xml",
    "prefixed.xml",
    "text.xml",
    "broken.xml",
    "empty.xml",
    "bare.xml",
    "only.xml",
    "none.xml",
    "none\\x.xml",
    "SMALL.XML",
    "",
)
_file = st.one_of(_any, _any, _any, _odd)
_xpath = st.one_of(st.sampled_from(PATHS), st.sampled_from(PATHS), st.sampled_from(ODD_PATHS))
_options: dict[str, st.SearchStrategy[t.Any]] = {
    "backup": st.sampled_from((True, True, "yes", False)),
    "state": st.sampled_from(("present", "absent", "absent", "Absent", "other")),
    "count": st.sampled_from((True, "no")),
    "preserve_whitespace": st.booleans(),
}
WEB_ATTRIBUTE = st.fixed_dictionaries(
    {
        "path": st.just(f"{PLACE}\\web.config"),
        "xpath": st.sampled_from(("//system.webServer/aspNetCore", "//system.webServer/aspNetCore", "//aspNetCore")),
        "type": st.just("attribute"),
        "attribute": st.sampled_from(SETTINGS),
        "fragment": st.sampled_from(VALUES),
        "backup": st.just(True),
    }
)
WEB_ELEMENT = st.fixed_dictionaries(
    {
        "path": st.just(f"{PLACE}\\web.config"),
        "xpath": st.sampled_from(WEB_PATHS),
        "fragment": st.sampled_from(WEB_FRAGMENTS),
    },
    optional={"backup": st.just(True), "type": st.just("element"), "preserve_whitespace": st.just(True)},
)
ATTRIBUTE = st.fixed_dictionaries(
    {
        "path": _file,
        "xpath": _xpath,
        "type": st.sampled_from(("attribute", "attribute", "Attribute")),
        "attribute": st.sampled_from(ATTRIBUTES),
        "fragment": st.sampled_from((*VALUES, *ODD_VALUES)),
    },
    optional=_options,
)
ELEMENT = st.fixed_dictionaries(
    {"path": _file, "xpath": _xpath, "fragment": st.sampled_from((*FRAGMENTS, *FRAGMENTS, *ODD_FRAGMENTS))},
    optional=_options,
)
REMOVAL = st.fixed_dictionaries(
    {"path": _file, "xpath": _xpath, "state": st.just("absent")},
    optional={"type": st.sampled_from(("element", "element", "text")), "backup": _options["backup"]},
)
TEXT = st.fixed_dictionaries(
    {
        "path": _file,
        "xpath": _xpath,
        "type": st.just("text"),
        "fragment": st.sampled_from(("one", "ONE", "two", "", "h\u00e4", "<x>&", "child")),
    },
    optional=_options,
)
SHOWN = st.fixed_dictionaries(
    {"path": _file, "xpath": _xpath},
    optional={"content": st.sampled_from(("attribute", "text", "Text")), "count": st.just(True)},
)
BAD = st.sampled_from(
    (
        {},
        {"path": f"{PLACE}\\small.xml"},
        {"xpath": "//a"},
        {"path": f"{PLACE}\\small.xml", "xpath": "//a", "type": "attribute", "fragment": "1"},
        {"path": f"{PLACE}\\small.xml", "xpath": "//a", "type": "attribute", "fragment": "1", "content": "element"},
        {"path": f"{PLACE}\\small.xml", "xpath": "//a", "type": "comment", "fragment": "1"},
        {"path": f"{PLACE}\\small.xml", "xpath": "//a"},
        {"path": f"{PLACE}\\small.xml", "xpath": "//a", "content": "element"},
        {"path": f"{PLACE}\\small.xml", "xpath": ""},
        {"path": f"{PLACE}\\pi|pe.xml", "xpath": "//a"},
        {"dest": f"{PLACE}\\small.xml", "xpath": "//a", "xmlstring": "<n/>", "nonsense": 1},
        {"file": f"{PLACE}\\small.xml", "xpath": "//f", "type": "attribute", "attribute": "b"},
    )
)


def _call(file: str, xpath: str, fragment: str | None = None, check: bool = False, **arguments: t.Any) -> Step:
    given = arguments if fragment is None else {"fragment": fragment, **arguments}
    return Step(MODULE, {"path": f"{PLACE}\\{file}", "xpath": xpath, **given}, check)


def _set(file: str, xpath: str, attribute: str, value: t.Any = None, check: bool = False, **arguments: t.Any) -> Step:
    return _call(file, xpath, value, check, type="attribute", attribute=attribute, **arguments)


ASP = "//system.webServer/aspNetCore"
FIXED = (
    Sequence(
        {PLACE: None, **FILES},
        (
            _set("web.config", ASP, "processPath", "DOTNET", backup=True),
            _set("web.config", ASP, "hostingModel", "inprocess", True, backup=True),
            _set("web.config", ASP, "hostingModel", "inprocess", backup=True),
            _set("web.config", ASP, "hostingModel", "inprocess", backup=True),
            _set("web.config", ASP, "arguments", "a & <b> \"c\" 'd'", backup=True),
            _call("web.config", "//system.webServer", SECTION, True, backup=True),
            _call("web.config", "//system.webServer", SECTION, backup=True),
            _call("web.config", "//system.webServer", SECTION, backup=True),
            _call("web.config", "//system.webServer", SECTION.upper(), backup=True),
            _call("web.config", "//handlers", WEB_FRAGMENTS[4], preserve_whitespace=True),
            _call("web.config", "//applicationInitialization", state="absent", check=True),
            _call("web.config", "//applicationInitialization", state="absent"),
            _call("web.config", "//applicationInitialization", state="absent"),
            _set("web.config", ASP, "hostingModel", state="absent", check=True),
            _set("web.config", ASP, "hostingModel", state="absent"),
            _set("web.config", ASP, "hostingModel", state="absent"),
        ),
    ),
    Sequence(
        {PLACE: None, **FILES},
        (
            _call("small.xml", "//a", count=True),
            _call("small.xml", "//a", content="attribute"),
            _call("small.xml", "//a | //e", content="text", count=True),
            _call("small.xml", "//none", content="text", count=True),
            _call("small.xml", "//a", "ONE", True, type="text"),
            _call("small.xml", "//a[1]", "ONE", type="text"),
            _call("small.xml", "//a", "two", type="text", count=True),
            _call("small.xml", "//f", "", type="text"),
            _call("small.xml", "//e", "", type="text"),
            _call("small.xml", "//e", "<n/>"),
            _call("small.xml", "//f", "<F/>"),
            _call("small.xml", "//f", "<n><m/>t<o/></n>"),
            _call("small.xml", "//a", "<n x='1'>t</n>"),
            _call("small.xml", "//a", "<n x='1'>T</n>"),
            _call("small.xml", "/root", "<n/>", state="other"),
            _set("small.xml", "//a", "B", "x"),
            _set("small.xml", "//a/@b", "b", "9"),
            _set("small.xml", "//a/@b", "b", state="absent"),
            _set("small.xml", "//a/@B", "b", state="other"),
            _set("small.xml", "//a", "b", state="other"),
            _call("small.xml", "//n", state="absent", type="text"),
            _call("small.xml", "//a/@B", state="absent"),
        ),
    ),
    Sequence(
        {PLACE: None, **FILES},
        (
            _call("indented.xml", "//a", "<b>child</b>"),
            _call("indented.xml", "/root", "<c/>"),
            _call("indented.xml", "//t", "x", type="text", preserve_whitespace=True),
            _call("odd.xml", "//a", "\u00e4", type="text"),
            _call("odd.xml", "/", "<n>h\u00e4</n>"),
            _call("h\u00e4.xml", "//a", " <!-- c --><n> <m> </m> </n>"),
            _call("spaced.xml", "//a", "1", type="text"),
            _call("spaced.xml", "//y:a", "1", type="text"),
            _call("spaced.xml", "//*[local-name()='a']", "<n/>"),
            _set("spaced.xml", "//*[local-name()='a']", "new", "1"),
            _call("prefixed.xml", "//p:a", "<n/>"),
            _call("prefixed.xml", "//a", "<p:n/>"),
            _call("prefixed.xml", "//a", "<p:n xmlns:p='urn:p' p:q='1'/>"),
            _set("prefixed.xml", "//p:a", "new", "1"),
            _call("bare.xml", "/root", "<n/>"),
            _call("only.xml", "/root", "<n/>"),
            _call("text.xml", "/root", "<n/>"),
            _call("empty.xml", "/root", "<n/>"),
            _call("broken.xml", "/root", "<n/>"),
            _call("none.xml", "/root", "<n/>"),
            _call("small.xml", "//a", "text"),
            _call("small.xml", "//a", ""),
            _call("small.xml", "//a"),
            _call("small.xml", "//a["),
            _call("small.xml", "//x:a"),
            _call("small.xml", "//a/text()", "<n/>"),
            _call("small.xml", "//a/text()", "t", type="text"),
            _set("small.xml", "/", "b", "1"),
            _set("small.xml", "//comment()", "b", "1"),
            _call("small.xml", "/", "1", type="text"),
            _call("small.xml", "/", "<n/>"),
            _call("small.xml", "//comment()", "1", type="text"),
            _call("small.xml", "//comment()", content="attribute"),
            _call("small.xml", "/root", state="absent", check=True),
            _call("small.xml", "/", state="absent"),
            _call("small.xml", "/root", state="absent"),
            _call("h\u00e4.xml", "/", "<n xmlns='urn:x'><m/></n>"),
            Step(MODULE, {}),
            Step(MODULE, {"path": f"{PLACE}\\small.xml"}),
            _call("small.xml", "//a", type="attribute", content="element"),
            _call("small.xml", "//a", type="attribute"),
            _call("small.xml", "//a", type="comment"),
            _call("small.xml", ""),
            Step(MODULE, {"path": None, "xpath": "//a"}),
        ),
    ),
)


def _parsers_words(difference: Difference) -> bool:
    """Tell whether both sides could not read the same XML: what is before the parser's words is equal."""
    texts = [str(text) for text in (difference.real, difference.modelled)]
    marks = ("Failed to parse file at '", "Failed to parse fragment as XML: ")
    begins = {text.partition(': "')[0] for text in texts}
    return all(text.startswith(marks) for text in texts) and len(begins) == 1


class DocumentsWorld(TreeWorld):
    """A folder with XML files."""

    name = "documents"
    steps: t.Mapping[str, st.SearchStrategy[Step]] = {
        MODULE: st.one_of(
            WEB_ATTRIBUTE, WEB_ATTRIBUTE, WEB_ELEMENT, ATTRIBUTE, ATTRIBUTE, ELEMENT, ELEMENT, REMOVAL, TEXT, SHOWN, BAD
        ).map(lambda arguments: Step(MODULE, arguments))
    }
    fixed = FIXED
    random = BACKUP
    known = (
        Known(
            "message for invalid XML",
            (MODULE,),
            ("msg",),
            "our choice",
            "the parser's own message; everything before it is compared",
            _parsers_words,
        ),
        backups_in_a_second(MODULE, "time of a folder with backups"),
    )

    def start(self) -> st.SearchStrategy[t.Any]:
        """Return the files."""
        return st.just({PLACE: None, **FILES})

    def same(self, field: tuple[str, ...], real: t.Any, modelled: t.Any) -> bool:
        """Names of backups are the same when all but process and time is."""
        return (
            field == ("backup_file",)
            and all(isinstance(value, str) and BACKUP.search(value) for value in (real, modelled))
            and BACKUP.sub("", real) == BACKUP.sub("", modelled)
        )
