"""Settings files as text: the smallest change, for any file and any set of changes."""

from __future__ import annotations

import functools
import json
import os
import re
from pathlib import Path

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._dotnet import json_editor, json_text
from ansible_collections.imops.identity_manager.plugins.plugin_utils._dotnet.json_text import REMOVE, BadJson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from json_cases import BAD, ONLY_OURS, READ

CORPUS = Path(__file__).resolve().parents[4] / "shared" / "corpus" / "appsettings"
FILES = sorted(CORPUS.glob("*")) if CORPUS.is_dir() else []
REFUSED = {
    "28_OctopusDeploy__Calamari__appsettings.top-level-array.json",
    "30_dotnet__AspNetCore.Docs.Samples__appsettings.Development.json",
}
EXAMPLES = settings(
    max_examples=int(os.environ.get("IMOPS_EXAMPLES", "150")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)

# A colon parts a section from its key: keys that hold one have their own tests.
keys = st.text(st.characters(codec="utf-8", exclude_characters="\x00:"), min_size=1, max_size=6).map(str.lower)
scalars = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(st.characters(codec="utf-8"), max_size=12)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4), max_leaves=8
)
objects = st.dictionaries(keys, values, max_size=6)


def unlike(data):
    """Return whether no two keys differ in case only: .NET would refuse them."""
    if isinstance(data, dict):
        return len({json_text.fold(key) for key in data}) == len(data) and all(map(unlike, data.values()))
    return all(map(unlike, data)) if isinstance(data, list) else True


@st.composite
def files(draw):
    """Draw a settings file with its data: any indentation, line ends, comments, trailing commas, byte order mark."""
    data = draw(objects.filter(unlike))
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    indent = draw(st.sampled_from([None, "  ", "    ", "\t"]))
    text = json.dumps(data, indent=indent, ensure_ascii=draw(st.booleans()))
    if indent:
        lines = text.split("\n")
        noted = draw(st.lists(st.integers(0, len(lines) - 1), max_size=3))
        for number in noted:
            if lines[number].endswith(("{", ",")):
                lines[number] += draw(st.sampled_from([' // note, "x": {', " /* a } b */", ""]))
        text = newline.join(lines)
        if draw(st.booleans()):
            text = re.sub(r'(["0-9el])(\r?\n\s*\})', r"\1,\2", text, count=1)
    return draw(st.sampled_from(["", "\ufeff"])) + text + draw(st.sampled_from(["", newline])), data


changes_of = st.dictionaries(keys, values | st.just(REMOVE), max_size=4).filter(
    lambda changes: (
        unlike({k: v for k, v in changes.items() if v is not REMOVE})
        and len({json_text.fold(k) for k in changes}) == len(changes)
    )
)


@EXAMPLES
@given(files(), changes_of, st.data())
def test_any_change_of_any_file_gives_exactly_the_wanted_data_and_a_second_time_changes_nothing(file, changes, data):
    text, content = file
    if content and data.draw(st.booleans()):
        changes = {
            **changes,
            data.draw(st.sampled_from(sorted(content))): data.draw(values.filter(unlike) | st.just(REMOVE)),
        }
    document = json_text.parse(text)
    assert document.data == content
    edited = json_editor.edit(document, changes)
    again = json_text.parse(edited)
    assert again.data == json_text.merge(content, changes)
    assert json_editor.edit(again, changes) == edited


@EXAMPLES
@given(files())
def test_nothing_wanted_and_what_is_there_already_change_nothing(file):
    text, content = file
    document = json_text.parse(text)
    assert json_editor.edit(document, {}) == text
    assert json_editor.edit(document, content) == text


def untouched(text, node, changes):
    """Yield, in order, the pieces of a file that changes do not concern: keys, values, and what is between them."""
    changed = {json_text.fold(key): value for key, value in changes.items()}
    members = node.members
    for number, member in enumerate(members):
        change = changed.get(json_text.fold(member.key), {})
        if change is REMOVE:
            continue
        section = member.value.members is not None
        if json_text.fold(member.key) not in changed or (json_text.only_removes(change) and not section):
            yield text[member.start : member.value.end]
        else:
            yield text[member.start : member.value.start]
            if section and isinstance(change, dict):
                yield from untouched(text, member.value, change)
        if number + 1 < len(members) and changed.get(json_text.fold(members[number + 1].key)) is not REMOVE:
            yield text[member.value.end : members[number + 1].start]


@EXAMPLES
@given(files(), changes_of, st.data())
def test_every_character_outside_of_what_is_changed_stays(file, changes, data):
    text, content = file
    for key in data.draw(st.lists(st.sampled_from(sorted(content)), max_size=2)) if content else ():
        changes[key] = data.draw(st.just(REMOVE) | values.filter(unlike))
    document = json_text.parse(text)
    edited = json_editor.edit(document, changes)
    assert edited.startswith(text[: document.root.start + 1])
    assert edited.endswith(text[document.root.end - 1 :])
    at = document.root.start + 1
    for piece in untouched(text, document.root, changes):
        found = edited.find(piece, at)
        assert found >= 0, (piece, edited)
        at = found + len(piece)


@pytest.mark.skipif(not FILES, reason="no corpus of settings files beside the checkout (../shared/corpus)")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name[:30])
def test_real_files_stay_and_take_a_key(path):
    text = path.read_bytes().decode("utf-8")
    if path.name in REFUSED:
        with pytest.raises(BadJson):
            json_text.parse(text)
        return
    document = json_text.parse(text)
    assert json_editor.edit(document, document.data) == text
    wanted = {"Imops": {"A": 1, "B": [1, "x"]}}
    edited = json_editor.edit(document, wanted)
    assert json_text.parse(edited).data == json_text.merge(document.data, wanted)
    assert json_editor.edit(json_text.parse(edited), {"Imops": REMOVE}).split() == text.replace("{}", "{ }").split()


@pytest.mark.parametrize("text", (*BAD, *ONLY_OURS), ids=range(len(BAD) + len(ONLY_OURS)))
def test_what_dotnet_refuses_is_refused_with_its_place_and_what_was_expected(text):
    line, column, reason = {**BAD, **ONLY_OURS}[text]
    with pytest.raises(BadJson, match=re.escape(reason)) as refused:
        json_text.parse(text)
    assert (refused.value.line, refused.value.column) == (line, column)


@pytest.mark.parametrize("text", READ, ids=range(len(READ)))
def test_every_value_is_read_as_dotnet_reads_it(text):
    if READ[text] is None:
        with pytest.raises(BadJson):
            json_text.parse(text)
    else:
        assert json_text.parse(text).values() == READ[text]


def test_a_number_that_python_cannot_hold_stays_as_it_is_written():
    text = '{"a": 1e400, "b": ' + "9" * 5000 + "}"
    document = json_text.parse(text)
    assert json_editor.edit(document, document.data) == text
    assert document.data["a"] == "1e400"


def test_a_number_of_another_spelling_that_the_product_would_read_otherwise_is_changed():
    # 1.0 is no whole number to .NET.
    assert json_editor.edit(json_text.parse('{"a": 1.0, "b": [1, 2.50]}'), {"a": 1, "b": [1, 2.5]}) == (
        '{"a": 1, "b": [1, 2.50]}'
    )


def test_a_wanted_key_that_is_given_twice_is_written_once():
    edited = json_editor.edit(json_text.parse('{"x": {}}'), {"Key": 1, "KEY": 2, "x": {"In": {"b": 1}, "in": {"B": 2}}})
    assert json_text.parse(edited).data == {"x": {"In": {"b": 2}}, "Key": 2}


UNREADABLE = [
    ('{"a:b": 1}', {"a": {"B": 2}}, "stands in line 1"),
    ('{"a": {"b": 1}}', {"A:b": 2}, "stands in line 1"),
    ('{"a": [1]}', {"a:0": 2}, "stands in line 1"),
    ("{}", {"a": float("inf")}, "expected a value"),
    ("{}", {"a": "\ud800"}, "surrogate"),
    ('{"a": ' * 60 + "{}" + "}" * 60, {"a": {"b": [[]]}, "c": [[[[]]]]}, None),
    ("{}", {"a": functools.reduce(lambda inner, _: [inner], range(64), 1)}, "64 levels"),
]


@pytest.mark.parametrize(("text", "changes", "reason"), UNREADABLE, ids=range(len(UNREADABLE)))
def test_a_change_after_which_dotnet_would_refuse_the_file_is_refused(text, changes, reason):
    document = json_text.parse(text)
    if reason is None:
        assert json_text.parse(json_editor.edit(document, changes)).data == json_text.merge(document.data, changes)
        return
    with pytest.raises(BadJson, match=reason):
        json_editor.edit(document, changes)


REMOVALS = [
    ('{"b": 1}', {"a": {"b": REMOVE}}, '{"b": 1}'),
    ('{"a": [1, 2]}', {"a": {"0": REMOVE}}, '{"a": [1, 2]}'),
    ('{"a": "x"}', {"a": {"b": {"c": REMOVE}}}, '{"a": "x"}'),
    ("{}", {"a": {"b": {"c": REMOVE}, "d": 1}}, '{\r\n  "a": {\r\n    "d": 1\r\n  }\r\n}'),
    ('{"a": {"b": 1}}', {"a": {"b": REMOVE}}, '{"a": {}}'),
]


@pytest.mark.parametrize(("text", "changes", "expected"), REMOVALS)
def test_taking_a_key_away_makes_no_section_and_leaves_what_is_no_section(text, changes, expected):
    document = json_text.parse(text)
    assert json_editor.edit(document, changes) == expected
    assert json_text.parse(expected).data == json_text.merge(document.data, changes)


def test_a_key_of_another_case_is_the_same_key():
    document = json_text.parse('{"applicationuri": "a"}')
    assert json_editor.edit(document, {"ApplicationUri": "b"}) == '{"applicationuri": "b"}'


def test_a_comment_behind_the_last_value_stays_with_it():
    text = '{\n  "a": 1 // one\n}\n'
    assert json_editor.edit(json_text.parse(text), {"b": 2}) == '{\n  "a": 1, // one\n  "b": 2\n}\n'


LINES = '{\n  "a": 1,\n  "b": 2\n}\n'
STYLES = [
    ('{"a":1}', {"b": 2}, '{"a":1,"b":2}'),
    ('{"a": 1}', {"b": 2}, '{"a": 1,"b": 2}'),
    ('{"a": 1, "b": 2}', {"c": [1, 2]}, '{"a": 1, "b": 2, "c": [1, 2]}'),
    ('{"a": ["x", "y"]}', {"b": 2}, '{"a": ["x", "y"], "b": 2}'),
    ('{"a": 1,}', {"b": 2}, '{"a": 1,"b": 2,}'),
    ('{"a": 1, "b": 2}', {"a": REMOVE}, '{ "b": 2}'),
    ('{"a": 1, "b": 2}', {"b": REMOVE}, '{"a": 1 }'),
    ('{"a": 1}', {"a": REMOVE, "b": 2}, '{"b": 2}'),
    ('{"a": {}}', {"a": {"b": 2}}, '{"a": {"b": 2}}'),
    (LINES, {"b": REMOVE}, '{\n  "a": 1\n}\n'),
    (LINES, {"a": REMOVE}, '{\n  "b": 2\n}\n'),
    (LINES, {"a": REMOVE, "b": REMOVE}, "{\n}\n"),
    (LINES, {"a": REMOVE, "b": REMOVE, "c": 3}, '{\n  "c": 3\n}\n'),
    (LINES, {"b": REMOVE, "c": 3}, '{\n  "a": 1,\n  "c": 3\n}\n'),
    (LINES, {"c": 3, "d": 4}, '{\n  "a": 1,\n  "b": 2,\n  "c": 3,\n  "d": 4\n}\n'),
    (LINES, {"a": {"c": []}}, '{\n  "a": {\n    "c": []\n  },\n  "b": 2\n}\n'),
    ('{\n  "a": 1, "b": 2\n}\n', {"a": REMOVE}, '{\n   "b": 2\n}\n'),
    ('{\n  "a": 1, // one\n}\n', {"b": 2}, '{\n  "a": 1, // one\n  "b": 2,\n}\n'),
    (
        '{\n  "a": 1, /* one */ "b": 2 /* two */\n}\n',
        {"c": 3},
        '{\n  "a": 1, /* one */ "b": 2, /* two */\n  "c": 3\n}\n',
    ),
    ('{\n  "a": 1,\n  "b": 2,\n}\n', {"b": REMOVE}, '{\n  "a": 1,\n}\n'),
    ('{\n\t"a": {}\n}', {"a": {"b": {"c": 1}}}, '{\n\t"a": {\n\t\t"b": {\n\t\t\t"c": 1\n\t\t}\n\t}\n}'),
    ("{\r\n    // none\r\n}", {"a": [1]}, '{\r\n    // none\r\n    "a": [\r\n        1\r\n    ]\r\n}'),
    ('{\n  "a": {\n    // none\n  }\n}\n', {"a": {"b": 1}}, '{\n  "a": {\n    // none\n    "b": 1\n  }\n}\n'),
    ('{\n  "a": { "b": 1 }\n}\n', {"a": {"c": {"d": 2}}}, '{\n  "a": { "b": 1, "c": {"d": 2} }\n}\n'),
    ('\ufeff{\n  "a": 1\n}', {"b": "\u00e9"}, '\ufeff{\n  "a": 1,\n  "b": "\u00e9"\n}'),
    ('\ufeff{"a": 1}', {"\u00e9": 2}, '\ufeff{"a": 1,"\u00e9": 2}'),
    ("\ufeff{ }", {"a": 1}, '\ufeff{\r\n  "a": 1\r\n}'),
    ("{\n}\n", {"a": {"b": 1}}, '{\n  "a": {\n    "b": 1\n  }\n}\n'),
]


@pytest.mark.parametrize(("text", "changes", "expected"), STYLES)
def test_what_is_written_has_the_style_of_the_file(text, changes, expected):
    assert json_editor.edit(json_text.parse(text), changes) == expected


UNEQUAL = [
    ("true", 1),
    ("1", True),
    ("0", False),
    ("1", 1.0),
    ('"1"', 1),
    ("null", ""),
    ("[1, 2]", [1]),
    ("[1]", [1, 2]),
    ("[1, 2]", [2, 1]),
    ('[{"b": 1}]', [{"b": 1, "c": 2}]),
    ('[{"b": 1, "c": 2}]', [{"b": 1}]),
    ('[{"b": true}]', [{"b": 1}]),
    ("[[]]", [{}]),
]


@pytest.mark.parametrize(("text", "value"), UNEQUAL)
def test_a_value_that_only_python_holds_equal_or_that_is_longer_is_written(text, value):
    edited = json_editor.edit(json_text.parse(f'{{"a": {text}}}'), {"a": value})
    assert json.dumps(json.loads(edited)["a"]) == json.dumps(value)


def test_what_is_added_to_an_empty_object_is_indented_by_its_depth():
    text = '{\n  "A": {\n    "B": {}\n  }\n}\n'
    edited = json_editor.edit(json_text.parse(text), {"A": {"B": {"C": {"D": 1}}}})
    wanted = '{\n  "A": {\n    "B": {\n      "C": {\n        "D": 1\n      }\n    }\n  }\n}\n'
    assert edited == wanted
