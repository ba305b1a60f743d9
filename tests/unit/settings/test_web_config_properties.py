"""web.config as text: the smallest change, for any file and anything that can be wanted."""

from __future__ import annotations

import base64
import os
from xml.sax.saxutils import quoteattr

from ansible_collections.imops.identity_manager.plugins.plugin_utils._dotnet import xml_text
from ansible_collections.imops.identity_manager.plugins.plugin_utils._settings import web_config
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

EXAMPLES = settings(
    max_examples=int(os.environ.get("IMOPS_EXAMPLES", "150")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
DEFAULTS = {name: option.get("default") for name, option in web_config.ARGUMENT_SPEC["argument_spec"].items()}
NAMES = ("A", "Section__Key", "IM_\u00e9", "b")
COMMENTS = ("<!-- <aspNetCore /> \u00e9 -->", "<!-- x=\"1\" y='2' > -->", "")
texts = st.text(st.characters(codec="utf-8"), max_size=8).filter(xml_text.is_text)
variables = st.dictionaries(st.sampled_from(NAMES), texts, max_size=4)


def quoted(draw, value):
    """Return a value as an attribute holds it, in either kind of quotes."""
    escaped = quoteattr(value, {"\t": "&#9;", "\n": "&#10;", "\r": "&#13;"})[1:-1]
    if draw(st.booleans()):
        return "'" + escaped.replace("'", "&apos;") + "'"
    return '"' + escaped.replace('"', "&quot;") + '"'


class Drawing:
    """A file that is being drawn, as its pieces, each with whether a change may concern it."""

    def __init__(self, draw):
        self.draw = draw
        self.newline = draw(st.sampled_from(["\n", "\r\n"]))
        self.indent = draw(st.sampled_from(["  ", "    ", "\t"]))
        self.pieces = [("\ufeff" if draw(st.booleans()) else "", False)]
        self.depth = 0

    def line(self, text, touched=False):
        begin = self.newline + self.indent * self.depth if len(self.pieces) > 1 else ""
        self.pieces.append((begin + text, touched))

    def comment(self):
        note = self.draw(st.sampled_from(COMMENTS))
        if note:
            self.line(note)

    def handlers(self):
        self.line("<handlers>")
        self.line(self.indent + '<add name="aspNetCore" path="*" verb="*" modules="AspNetCoreModuleV2" />')
        self.line("</handlers>")

    def core(self):
        names = st.sampled_from(["processPath", "arguments", "stdoutLogEnabled", "extra"])
        present = self.draw(st.lists(names, unique=True, max_size=4))
        space = self.draw(st.sampled_from([" ", "   ", self.newline + self.indent * 4]))
        tag = "<aspNetCore" + "".join(f"{space}{name}={quoted(self.draw, self.draw(texts))}" for name in present)
        if self.draw(st.booleans()):
            self.line(f"{tag} />", True)
            return
        self.line(f"{tag}>", True)
        self.depth += 1
        if self.draw(st.booleans()):
            self.environment()
        self.depth -= 1
        self.line("</aspNetCore>")

    def environment(self):
        self.line("<environmentVariables>")
        self.depth += 1
        for name, value in self.draw(variables).items():
            self.comment()
            attributes = f"name={quoted(self.draw, name)} value={quoted(self.draw, value)}"
            self.line(f"<environmentVariable {attributes} />", True)
        self.depth -= 1
        self.line("</environmentVariables>")

    def warm_up(self):
        tags = ["<applicationInitialization>", '<applicationInitialization skip="x">']
        self.line(self.draw(st.sampled_from(tags)), True)
        self.line(self.indent + '<add initializationPage="/" />')
        self.line("</applicationInitialization>")

    def security(self):
        self.line('<security>  <requestFiltering allow = "x"/></security>')


@st.composite
def files(draw):
    """Draw a file: any indentation, line ends, quotes, comments, order, inside or outside of a location, with or
    without each section, declaration and byte order mark.
    """
    drawing = Drawing(draw)
    if draw(st.booleans()):
        drawing.line('<?xml version="1.0" encoding="utf-8"?>')
    inside = ['location path="." inheritInChildApplications="false"'] if draw(st.booleans()) else []
    opened = ["configuration", *inside, "system.webServer"]
    for tag in opened:
        drawing.comment()
        drawing.line(f"<{tag}>")
        drawing.depth += 1
    for section in draw(st.permutations([drawing.handlers, drawing.core, drawing.warm_up, drawing.security])):
        if draw(st.integers(0, 3)):
            section()
        drawing.comment()
    for tag in reversed(opened):
        drawing.depth -= 1
        drawing.line(f"</{tag.split()[0]}>")
    drawing.pieces.append((draw(st.sampled_from(["", drawing.newline])), False))
    return drawing.pieces


wanted_of = st.fixed_dictionaries(
    {
        "arguments": st.sampled_from([".\\Usercube-Agent.dll", '"C:\\a b\\<&>.dll"']),
        "stdout_log_enabled": st.booleans(),
        "environment": st.dictionaries(st.sampled_from(NAMES), texts | st.none(), max_size=4),
        "warm_up": st.booleans(),
    }
)


def after(content, options):
    wanted = web_config.Wanted.of({**DEFAULTS, "path": "C:\\im\\Runtime", **options})
    answer = {"type": "file", "content": base64.b64encode(content).decode(), "sha256": "0" * 64}
    plan = web_config.plan(wanted, lambda query: answer, check=False)
    return base64.b64decode(plan.operations[0].arguments["content"]) if plan.operations else content


def elements(content, name):
    """Return all elements of a name."""
    found, todo = [], [xml_text.Document(content).root]
    while todo:
        element = todo.pop(0)
        found += [element] if element.name == name else []
        todo += element.children
    return found


@EXAMPLES
@given(files(), wanted_of)
def test_any_file_says_what_is_wanted_once_and_a_second_time_changes_nothing(file, options):
    content = "".join(text for text, _ in file).encode()
    edited = after(content, options)
    (core,) = elements(edited, "aspNetCore")
    assert core.attributes["arguments"].lower() == options["arguments"].lower()
    assert core.attributes["stdoutLogEnabled"].lower() == str(options["stdout_log_enabled"]).lower()
    before = {e.attributes["name"]: e.attributes["value"] for e in elements(content, "environmentVariable")}
    merged = {name: value for name, value in {**before, **options["environment"]}.items() if value is not None}
    assert {e.attributes["name"]: e.attributes["value"] for e in elements(edited, "environmentVariable")} == merged
    warm = elements(edited, "applicationInitialization")
    assert len(warm) == 1 if options["warm_up"] else len(warm) == len(elements(content, "applicationInitialization"))
    assert len(elements(edited, "handlers")) == 1
    assert after(edited, options) == edited


@EXAMPLES
@given(files(), wanted_of)
def test_every_byte_outside_of_what_is_changed_stays(file, options):
    content, at = "".join(text for text, _ in file).encode(), 0
    edited = after(content, options).decode()
    for text, touched in file:
        if not touched:
            found = edited.find(text, at)
            assert found >= 0, (text, edited)
            assert found == at or at, "something new before the file's beginning"
            at = found + len(text)
    assert at == len(edited)
