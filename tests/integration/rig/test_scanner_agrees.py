"""Our readers of settings and of web.config agree with .NET's own: on what is refused, and on every value.

The files are the corpus beside the checkout, a few of our own, and seeded mutations of both.
"""

from __future__ import annotations

import base64
import collections
import itertools
import json
import os
import re
import typing as t
import unicodedata
from pathlib import Path

import json_cases
import pytest
import xml_cases
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core.plan import Refused
from ansible_collections.imops.identity_manager.plugins.plugin_utils._dotnet import json_editor, json_text, xml_text
from ansible_collections.imops.identity_manager.plugins.plugin_utils._dotnet.json_text import REMOVE
from ansible_collections.imops.identity_manager.plugins.plugin_utils._settings import web_config
from dotnet_reader import DotnetReader
from mutations import mutations
from pieces import JSON, OUR_SETTINGS, OUR_XML, XML

pytestmark = [pytest.mark.rig, pytest.mark.xdist_group("rig")]

COUNT = 5000 if os.environ.get("IMOPS_NIGHTLY") else 300
SEED = int(os.environ.get("IMOPS_SEED", "4"))
CORPUS = Path(__file__).resolve().parents[4] / "shared" / "corpus"


def corpus(kind: str) -> list[bytes]:
    """Return the files of the corpus of a kind, if there is a corpus."""
    folder = CORPUS / kind
    return [path.read_bytes() for path in sorted(folder.iterdir())] if folder.is_dir() else []


def our_settings(content: bytes) -> dict[str, t.Any]:
    """Return what our scanner makes of a file, as ``DotnetReader.settings`` says it."""
    try:
        values = json_text.parse(content.decode("utf-8")).values()
    except json_text.BadJson as error:
        return {"refused": str(error)}
    return {"values": [[path, text] for path, text in values.items()]}


def settings_differ(content: bytes, theirs: dict[str, t.Any]) -> str:
    """Return what our scanner and .NET say differently of a file, or nothing.

    One difference is meant: a section that stands twice is merged by .NET and refused by us.
    """
    ours = our_settings(content)
    if ("refused" in ours) != ("refused" in theirs or theirs["repeated"]):
        return f"ours {ours}, .NET's {theirs}"
    if "refused" in ours or ours["values"] == theirs["values"]:
        return ""
    pairs = itertools.zip_longest(ours["values"], theirs["values"])
    return "; ".join(f"ours {one}, .NET's {other}" for one, other in pairs if one != other)


def settings_files() -> list[bytes]:
    """Return all files to compare."""
    good = [content.decode("utf-8") for content in corpus("appsettings")] + list(OUR_SETTINGS)
    cases = (*json_cases.BAD, *json_cases.ONLY_OURS, *json_cases.READ)
    changed = mutations(good + list(OUR_SETTINGS) * 8, JSON, COUNT, SEED)
    return [text.encode() for text in (*good, *cases, *changed)]


def test_settings_are_read_as_dotnet_reads_them(dotnet: DotnetReader, capsys: pytest.CaptureFixture[str]) -> None:
    files = settings_files()
    theirs = dotnet.settings(files)
    wrong = [(file, why) for file, answer in zip(files, theirs, strict=True) if (why := settings_differ(file, answer))]
    verdicts = collections.Counter(
        "refused" if "refused" in answer else "merged by .NET" if answer["repeated"] else "read" for answer in theirs
    )
    values = sum(len(answer.get("values", ())) for answer in theirs)
    with capsys.disabled():
        print(
            f"\n{len(files)} settings files, {len(wrong)} read otherwise than by .NET; {dict(verdicts)}, {values} values"
        )
    assert not wrong, f"{len(wrong)} files, the shortest: {min(wrong, key=lambda pair: len(pair[0]))}"
    # Files that are all refused, or all read, would prove little.
    assert min(verdicts["refused"], verdicts["read"]) > len(files) / 5


def test_settings_are_refused_in_the_line_that_dotnet_names_or_before_it(dotnet: DotnetReader) -> None:
    # Before it: what stands twice is seen at once by us, and by .NET when all the rest is in order.
    files = [file for file in settings_files() if b"\r" not in file.replace(b"\r\n", b"")]
    lines = []
    for file, answer in zip(files, dotnet.settings(files), strict=True):
        theirs = re.search(r"LineNumber: (\d+) ", answer.get("refused", ""))
        if theirs:
            with pytest.raises(json_text.BadJson) as ours:
                json_text.parse(file.decode("utf-8"))
            lines.append((ours.value.line, int(theirs[1]) + 1))
            assert ours.value.line <= int(theirs[1]) + 1, (str(ours.value), answer, file)
    same = sum(one == other for one, other in lines)
    assert same > 0.9 * len(lines) > COUNT / 4


def test_what_only_we_refuse_is_read_by_dotnet(dotnet: DotnetReader) -> None:
    answers = dotnet.settings([text.encode() for text in json_cases.ONLY_OURS]) + dotnet.xml(list(xml_cases.ONLY_OURS))
    assert [answer for answer in answers if "refused" in answer] == []


def test_keys_are_equal_to_us_where_they_are_to_dotnet(dotnet: DotnetReader) -> None:
    equal = dotnet.cases()
    root = {code: code for code in range(0x110000)}
    for one, other in equal:
        first, second = sorted((root[one], root[other]))
        for code in (one, other, second):
            root[code] = first
    ours: dict[str, set[int]] = collections.defaultdict(set)
    for code in range(0x110000):
        # .NET may know characters that this Python's Unicode does not know yet.
        if unicodedata.category(chr(code)) not in {"Cn", "Cs"}:
            ours[json_text.fold(chr(code))].add(code)
    theirs: dict[int, set[int]] = collections.defaultdict(set)
    for group in ours.values():
        for code in group:
            theirs[root[code]].add(code)
    assert len(equal) > 2000
    assert sorted(map(sorted, ours.values())) == sorted(map(sorted, theirs.values()))


def our_xml(content: bytes) -> dict[str, t.Any]:
    """Return what our reader makes of a file, as ``DotnetReader.xml`` says it."""
    found: list[list[str]] = []

    def visit(element: xml_text.Element, depth: int) -> None:
        found.append([str(depth), element.name, *itertools.chain.from_iterable(element.attributes.items())])
        for child in element.children:
            visit(child, depth + 1)

    try:
        visit(xml_text.Document(content).root, 0)
    except xml_text.BadXml as error:
        return {"refused": str(error)}
    return {"elements": found}


def meant(content: bytes, theirs: dict[str, t.Any]) -> bool:
    """Return whether we refuse a file on purpose that .NET reads: characters beyond ASCII in another encoding than
    UTF-8 or in the XML declaration itself, or an element with the prefix xmlns.
    """
    plain = content.removeprefix(b"\xef\xbb\xbf")
    declaration = re.match(rb"<\?xml\s[^>]*", plain)
    if declaration:
        encoding = re.search(rb"encoding\s*=\s*[\"']([^\"']*)", declaration[0])
        if not declaration[0].isascii() or (encoding and encoding[1].lower() != b"utf-8" and not plain.isascii()):
            return True
    return any(element[1].startswith("xmlns:") for element in theirs.get("elements", ()))


def xml_differ(content: bytes, theirs: dict[str, t.Any]) -> str:
    """Return what our reader and .NET say differently of a file, or nothing."""
    ours = our_xml(content)
    if ("refused" in ours) != ("refused" in theirs or meant(content, theirs)):
        return f"ours {ours}, .NET's {theirs}"
    if "refused" in ours or ours == theirs:
        return ""
    pairs = itertools.zip_longest(ours["elements"], theirs["elements"])
    return "; ".join(f"ours {one}, .NET's {other}" for one, other in pairs if one != other)


def xml_files() -> list[bytes]:
    """Return all files to compare."""
    good = [content.decode("utf-8") for content in corpus("webconfig")] + list(OUR_XML)
    changed = mutations(good + list(OUR_XML) * 8, XML, COUNT, SEED)
    cases = (*xml_cases.BAD, *xml_cases.ONLY_OURS, *xml_cases.READ)
    return [*cases, *(text.encode() for text in (*good, *changed))]


def test_web_config_is_read_as_dotnet_reads_it(dotnet: DotnetReader, capsys: pytest.CaptureFixture[str]) -> None:
    files = xml_files()
    theirs = dotnet.xml(files)
    wrong = [(file, why) for file, answer in zip(files, theirs, strict=True) if (why := xml_differ(file, answer))]
    verdicts = collections.Counter(
        "refused" if "refused" in answer else "read by .NET alone" if meant(file, answer) else "read"
        for file, answer in zip(files, theirs, strict=True)
    )
    elements = sum(len(answer.get("elements", ())) for answer in theirs)
    with capsys.disabled():
        print(
            f"\n{len(files)} XML files, {len(wrong)} read otherwise than by .NET; {dict(verdicts)}, {elements} elements"
        )
    assert not wrong, f"{len(wrong)} files, the shortest: {min(wrong, key=lambda pair: len(pair[0]))}"
    assert min(verdicts["refused"], verdicts["read"]) > len(files) / 5


CHANGES: tuple[dict[str, t.Any], ...] = (
    {
        "ApplicationUri": "https://im.contoso.com",
        "OpenId": {"OpenIdClients": {"Job": 's"\\\u00e9\U0001f600\u2028\x00'}},
    },
    {"A": {"b": [1, {"c": None}], "n": 1.5}, "B": True, "x": REMOVE, "": ""},
    {"logging": {"LOGLEVEL": {"default": "None", "New": {}}}, "a": REMOVE, "s": [], "connectionStrings": "none"},
    {"b": {"C": {"D": REMOVE, "e": "f"}}, "X": {"X": {"X": 1}}, "z": {"Y": REMOVE}},
)


def test_settings_that_we_write_are_read_by_dotnet_as_wanted(dotnet: DotnetReader) -> None:
    written, wanted = [], []
    for file, changes in zip(settings_files(), itertools.cycle(CHANGES), strict=False):
        try:
            document = json_text.parse(file.decode("utf-8"))
            text = json_editor.edit(document, changes)
        except json_text.BadJson:
            continue
        written.append(text.encode())
        wanted.append(json_text.parse(json.dumps(json_text.merge(document.data, changes), ensure_ascii=False)).values())
    assert len(written) > COUNT / 4
    for file, answer, values in zip(written, dotnet.settings(written), wanted, strict=True):
        assert "refused" not in answer, (answer, file)
        assert {json_text.fold(path): as_number(text) for path, text in answer["values"]} == {
            json_text.fold(path): as_number(text) for path, text in values.items()
        }, file


def as_number(text: str | None) -> str | None:
    """Return a value; a number in Python's spelling, since plain data has lost that of the file."""
    if text is None or not re.fullmatch(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", text) or len(text) > 300:
        return text
    return str(float(text))


def test_web_config_that_we_write_is_read_by_dotnet_as_wanted(dotnet: DotnetReader) -> None:
    written = []
    options = {name: option.get("default") for name, option in web_config.ARGUMENT_SPEC["argument_spec"].items()}
    environment = {"IM_VARIABLE": "http://u:p\u00e9<&>\"'\t@proxy:3128"}
    wanted = web_config.Wanted.of({**options, "path": "C:\\im\\Runtime", "environment": environment})
    for file in xml_files():
        try:
            after = planned(wanted, file)
        except Refused:
            continue
        assert planned(wanted, after) == after
        written.append(after)
    assert len(written) > COUNT / 10
    for file, answer in zip(written, dotnet.xml(written), strict=True):
        assert "refused" not in answer, (answer, file)
        cores = [element for element in answer["elements"] if element[1] == "aspNetCore"]
        assert len(cores) == 1, file
        attributes = dict(zip(cores[0][2::2], cores[0][3::2], strict=True))
        assert attributes["arguments"].replace("/", "\\") == ".\\Usercube-Agent.dll", file
        values = [element[element.index("value") + 1] for element in answer["elements"] if "IM_VARIABLE" in element]
        assert values == list(environment.values()), file


def planned(wanted: web_config.Wanted, content: bytes) -> bytes:
    """Return web.config as our plan leaves it."""
    answer = {"type": "file", "content": base64.b64encode(content).decode(), "sha256": "0" * 64}
    plan = web_config.plan(wanted, lambda query: answer, check=False)
    return base64.b64decode(plan.operations[0].arguments["content"]) if plan.operations else content
