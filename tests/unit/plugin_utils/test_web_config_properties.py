"""web.config as text: the smallest change, for any file and anything that can be wanted."""

from __future__ import annotations

import base64
import os
from xml.sax.saxutils import quoteattr

from ansible_collections.imops.identity_manager.plugins.plugin_utils import _web_config, _xml_text
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

EXAMPLES = settings(
    max_examples=int(os.environ.get("IMOPS_EXAMPLES", "500")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
DEFAULTS = {name: option.get("default") for name, option in _web_config.ARGUMENT_SPEC["argument_spec"].items()}
NAMES = ("A", "Section__Key", "IM_\u00e9", "b")
COMMENTS = ("<!-- <aspNetCore /> \u00e9 -->", "<!-- x=\"1\" y='2' > -->", "")
texts = st.text(st.characters(codec="utf-8"), max_size=8).filter(_xml_text.is_text)
variables = st.dictionaries(st.sampled_from(NAMES), texts, max_size=4)


def quoted(draw, value):
    """Return a value as an attribute holds it, in either kind of quotes."""
    escaped = quoteattr(value, {"\t": "&#9;", "\n": "&#10;", "\r": "&#13;"})[1:-1]
    if draw(st.booleans()):
        return "'" + escaped.replace("'", "&apos;") + "'"
    return '"' + escaped.replace('"', "&quot;") + '"'


@st.composite
def files(draw):
    """Draw a file as its pieces, each with whether a change may concern it: any indentation, line ends, quotes,
    comments, order, inside or outside of a location, with or without each section, byte order mark.
    """
    newline, indent = draw(st.sampled_from(["\n", "\r\n"])), draw(st.sampled_from(["  ", "    ", "\t"]))
    bom, declared, inside = draw(st.booleans()), draw(st.booleans()), draw(st.booleans())
    pieces = [("\ufeff" if bom else "", False)]
    depth = 0

    def line(text, touched=False):
        begin = newline + indent * depth if len(pieces) > 1 else ""
        pieces.append((begin + text, touched))

    def comment():
        note = draw(st.sampled_from(COMMENTS))
        if note:
            line(note)

    if declared:
        line('<?xml version="1.0" encoding="utf-8"?>')
    opened = ["configuration", *(['location path="." inheritInChildApplications="false"'] if inside else [])]
    for tag in (*opened, "system.webServer"):
        comment()
        line(f"<{tag}>")
        depth += 1

    def handlers():
        line("<handlers>")
        line(indent + '<add name="aspNetCore" path="*" verb="*" modules="AspNetCoreModuleV2" />')
        line("</handlers>")

    def core():
        nonlocal depth
        present = draw(
            st.lists(
                st.sampled_from(["processPath", "arguments", "stdoutLogEnabled", "extra"]), unique=True, max_size=4
            )
        )
        space = draw(st.sampled_from([" ", "   ", newline + indent * 4]))
        tag = "<aspNetCore" + "".join(f"{space}{name}={quoted(draw, draw(texts))}" for name in present)
        if draw(st.booleans()):
            line(f"{tag} />", True)
            return
        line(f"{tag}>", True)
        depth += 1
        if draw(st.booleans()):
            line("<environmentVariables>")
            depth += 1
            for name, value in draw(variables).items():
                comment()
                line(f"<environmentVariable name={quoted(draw, name)} value={quoted(draw, value)} />", True)
            depth -= 1
            line("</environmentVariables>")
        depth -= 1
        line("</aspNetCore>")

    def warm_up():
        line(draw(st.sampled_from(["<applicationInitialization>", '<applicationInitialization skip="x">'])), True)
        line(indent + '<add initializationPage="/" />')
        line("</applicationInitialization>")

    def security():
        line('<security>  <requestFiltering allow = "x"/></security>')

    for section in draw(st.permutations([handlers, core, warm_up, security])):
        if draw(st.integers(0, 3)):
            section()
        comment()
    for tag in ("system.webServer", *reversed(opened)):
        depth -= 1
        line(f"</{tag.split()[0]}>")
    pieces.append((draw(st.sampled_from(["", newline])), False))
    return pieces


wanted_of = st.fixed_dictionaries(
    {
        "arguments": st.sampled_from([".\\Usercube-Agent.dll", '"C:\\a b\\<&>.dll"']),
        "stdout_log_enabled": st.booleans(),
        "environment": st.dictionaries(st.sampled_from(NAMES), texts | st.none(), max_size=4),
        "warm_up": st.booleans(),
    }
)


def after(content, options):
    wanted = _web_config.Wanted.of({**DEFAULTS, "path": "C:\\im\\Runtime", **options})
    answer = {"type": "file", "content": base64.b64encode(content).decode(), "sha256": "0" * 64}
    plan = _web_config.plan(wanted, lambda query: answer, check=False)
    return base64.b64decode(plan.operations[0].arguments["content"]) if plan.operations else content


def elements(content, name):
    """Return all elements of a name."""
    found, todo = [], [_xml_text.Document(content).root]
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
