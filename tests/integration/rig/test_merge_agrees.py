"""Our merge of settings files agrees with .NET's: on every value, and on what is below each section.

The files are those of ``test_scanner_agrees``, mutations included, two or three on top of each other. The engine has no
Microsoft.Extensions.Configuration, so ``dotnet_reader.cs`` follows its source on the engine's own System.Text.Json.
"""

from __future__ import annotations

import random
import typing as t

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._dotnet import configuration, json_text
from ansible_collections.imops.identity_manager.plugins.plugin_utils._dotnet.json_text import fold
from dotnet_reader import ROOT, DotnetReader
from test_scanner_agrees import COUNT, SEED, as_number, settings_files

pytestmark = [pytest.mark.rig, pytest.mark.xdist_group("rig")]

CASES = (
    ('{"O":{"A":"x"}}', '{"O:A":"y"}'),
    ('{"L":["a","b"]}', '{"L":{"0":"z"}}'),
    ('{"L":["a"]}', '{"L":{"10":"z","2":"y"}}'),
    ('{"C":{"x":1}}', '{"C":"v"}'),
    ('{"C":"v"}', '{"C":{"x":1}}'),
    ('{"K":1}', '{"\u212a":2}'),
    ('{"s":1,"\u00e9":1}', '{"\u017f":2,"\u00c9":2}'),
    ('{"C":{"x":1},"D":"x","L":[1]}', '{"C":null,"D":null,"L":null}'),
    ('{"C":{"x":1},"D":"x","L":[1]}', '{"C":{},"D":{},"L":[]}'),
    ('{"L":[{"a":1},{"b":2}]}', '{"L":[{},{"c":3}]}', '{"l:0:A":4}'),
    ('{"a:":{"b":1},"":{"c":2}}', '{"a::b":3,":c":4}'),
)


def sets() -> list[list[bytes]]:
    """Return sets of files, in load order: those above, and as many as a run has mutations, of files that are read."""
    good = [file for file in settings_files() if is_read(file)]
    chance = random.Random(SEED)
    drawn = [chance.sample(good, chance.choice((2, 2, 3))) for _ in range(COUNT)]
    return [*([text.encode() for text in case] for case in CASES), *drawn]


def is_read(file: bytes) -> bool:
    """Tell whether our scanner reads a file."""
    try:
        json_text.parse(file.decode("utf-8"))
    except json_text.BadJson:
        return False
    return True


def ours(files: t.Iterable[bytes]) -> configuration.Configuration:
    """Return our merge of files."""
    return configuration.merged(
        configuration.Source(str(number), json_text.parse(file.decode("utf-8")).data)
        for number, file in enumerate(files)
    )


def plain(text: str) -> str:
    """Return a value; of a number what plain data keeps: neither its spelling nor the sign of a zero."""
    number = as_number(text) or ""
    return "0.0" if number == "-0.0" else number


def test_merged_files_have_the_values_that_dotnet_gives(
    dotnet: DotnetReader, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = sets()
    shared = total = 0
    for files, theirs in zip(asked, dotnet.merged(asked), strict=True):
        assert "refused" not in theirs, (theirs, files)
        found = ours(files)
        values = {":".join(path): plain(configuration.text(value.value)) for path, value in found.values.items()}
        expected = {fold(path): plain(text or "") for path, text in theirs["values"].items()}
        assert values == expected, files
        total += len(values)
        shared += sum(len(json_text.parse(file.decode("utf-8")).values()) for file in files) - len(values)
    with capsys.disabled():
        print(f"\n{len(asked)} sets of settings files, {total} values, {shared} replaced by a later file")
    assert shared > len(asked) / 10


def test_a_tree_shows_what_is_below_each_section_and_lists_in_the_order_of_dotnet(dotnet: DotnetReader) -> None:
    asked = sets()
    lists = 0
    for files, theirs in zip(asked, dotnet.merged(asked), strict=True):
        found = ours(files)
        hidden = {fold(conflict.path) for conflict in found.conflicts()}
        children = {fold(path): [fold(key) for key in keys] for path, keys in theirs["children"].items()}
        for path, node in sections(found.tree(), fold(ROOT)):
            if any(path == one or path.startswith(f"{one}:") for one in hidden):
                continue
            keys = children.get(path, [])
            if isinstance(node, list):
                assert sorted(keys, key=int) == keys, (path, files)
                assert len(node) == len(keys), (path, files)
                lists += bool(node)
            else:
                assert {fold(key) for key in node} == set(keys), (path, files)
    assert lists > len(asked) / 10


def sections(node: t.Any, path: str) -> t.Iterator[tuple[str, t.Any]]:
    """Yield the folded paths of all sections of a tree but what is below a list, whose items lose their numbers."""
    if isinstance(node, (dict, list)):
        yield path, node
    if isinstance(node, dict):
        for key, value in node.items():
            yield from sections(value, fold(key) if path == fold(ROOT) else f"{path}:{fold(key)}")
