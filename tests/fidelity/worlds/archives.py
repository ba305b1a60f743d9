"""Archives that are unpacked: win_unzip.

Not drawn are archives that tar.exe unpacks, which Wine lacks; relative paths, since the rig's PowerShell begins in a
folder of its own; a drive that is not there, where the rig fails before; and read-only files in the way of what is
unpacked, which the engine under Wine replaces.
"""

from __future__ import annotations

import base64
import io
import typing as t
import zipfile

from hypothesis import strategies as st

from ..tree import PLACE, TreeWorld, a_file
from ..world import HERE, Sequence, Step

MODULE, FILE = "community.windows.win_unzip", "ansible.windows.win_file"


def _writable() -> st.SearchStrategy[dict[str, t.Any]]:
    return a_file().map(lambda file: {"content": file["content"]})


def _content(data: bytes, **more: t.Any) -> dict[str, t.Any]:
    return {"content": base64.b64encode(data).decode(), **more}


def _archive(*entries: tuple[str, bytes | None], how: int = zipfile.ZIP_DEFLATED, **more: t.Any) -> dict[str, t.Any]:
    """Return an archive: None is the content of a folder."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", how) as archive:
        for name, content in entries:
            information = zipfile.ZipInfo(name if content is not None else f"{name}/", (2024, 5, 6, 7, 8, 10))
            information.compress_type = how
            archive.writestr(information, content or b"")
    return _content(memory.getvalue(), **more)


RUNTIME = (("agent.dll", b"dll" * 100), ("web.config", b"<configuration />"), ("sub", None), ("sub/deep/x.txt", b"x"))
ARCHIVES = {
    f"{PLACE}\\runtime.zip": _archive(*RUNTIME),
    f"{PLACE}\\odd.ZIP": _archive(("h\u00e4 \u65e5\u672c/[x].txt", b"x"), ("a.txt", b""), ("e", None)),
    f"{PLACE}\\stored.zip": _archive(("a.txt", b"stored"), how=zipfile.ZIP_STORED, read_only=True),
    f"{PLACE}\\none.zip": _archive(),
    f"{PLACE}\\folders.zip": _archive(("sub", None)),
    f"{PLACE}\\out.zip": _archive(("a.txt", b"before"), ("../escaped.txt", b"x"), ("b.txt", b"after")),
    f"{PLACE}\\dots.zip": _archive(("sub/../a.txt", b"dots")),
    f"{PLACE}\\text.zip": _content(b"this is no archive, whatever its name says"),
    f"{PLACE}\\short.zip": _content(b"PK"),
    f"{PLACE}\\empty.zip": _content(b""),
    f"{PLACE}\\a.7z": _content(b"7z"),
    f"{PLACE}\\a.gz": _content(b"gz"),
    f"{PLACE}\\folder.zip": None,
    f"{PLACE}\\$cash.zip": _archive(("a.txt", b"cash")),
}
SOURCES = ("runtime.zip", "runtime.zip", "runtime.zip", "odd.ZIP", "stored.zip", "RUNTIME.zip", "folders.zip")
ODD_SOURCES = (
    "missing.zip",
    "none\\x.zip",
    "none.zip",
    "out.zip",
    "dots.zip",
    "text.zip",
    "short.zip",
    "empty.zip",
    "a.7z",
    "a.gz",
    "folder.zip",
    "$cash.zip",
    "sub\\..\\runtime.zip",
    "pi|pe.zip",
    "",
)
TARGETS = ("to", "to", "to", "to\\", "new", "new\\deep", "new\\")
ODD_TARGETS = ("", "a.txt", "a.txt\\below", "TO", "to/sub", "to\\..\\new", "h\u00e4 \u65e5\u672c", "[b]", "$d", "pi|pe")
MARKS = ("to\\agent.dll", "to\\agent.dll", "new\\agent.dll", "to", "none", "TO\\AGENT.DLL", "to/sub/", "pi|pe")


def _below(*names: str) -> st.SearchStrategy[str]:
    return st.sampled_from(names).map(lambda name: f"{PLACE}\\{name}" if name else "")


_source, _target = _below(*SOURCES), _below(*TARGETS)
_options = {
    "creates": st.one_of(_below(*MARKS), _below(*MARKS), st.just("")),
    "delete_archive": st.sampled_from((True, True, False, "yes", "no")),
}
USUAL = st.fixed_dictionaries({"src": _source, "dest": _target})
USUAL_WITH = st.fixed_dictionaries({"src": _source, "dest": _target}, optional=_options)
ODD = st.fixed_dictionaries(
    {
        "src": _below(*SOURCES, *ODD_SOURCES, *ODD_SOURCES),
        "dest": st.one_of(_target, _below(*TARGETS, *ODD_TARGETS), st.just(f"c:/FID/{HERE}/to"), st.just(PLACE)),
    },
    optional=_options,
)
NOT_BY_NET = st.fixed_dictionaries(
    {"src": _source, "dest": _target},
    optional={
        "recurse": st.sampled_from((True, "yes", False)),
        "password": st.sampled_from(("opensesame", "")),
        "rm": st.just(True),
    },
)
BAD = st.sampled_from(
    (
        {},
        {"src": f"{PLACE}\\runtime.zip"},
        {"dest": f"{PLACE}\\to"},
        {"src": None, "dest": f"{PLACE}\\to"},
        {"src": f"{PLACE}\\runtime.zip", "dest": f"{PLACE}\\to", "nonsense": 1},
    )
)


def _call(src: str, dest: str = "to", check: bool = False, creates: str | None = None, **arguments: t.Any) -> Step:
    if creates is not None:
        arguments["creates"] = f"{PLACE}\\{creates}"
    return Step(MODULE, {"src": f"{PLACE}\\{src}", "dest": f"{PLACE}\\{dest}", **arguments}, check)


def _file(path: str, state: str) -> Step:
    return Step(FILE, {"path": f"{PLACE}\\{path}", "state": state})


FIXED = (
    Sequence(
        {PLACE: None, **ARCHIVES, f"{PLACE}\\a.txt": _content(b"old")},
        (
            _call("runtime.zip", check=True),
            _call("runtime.zip"),
            _call("runtime.zip"),
            _call("runtime.zip", check=True),
            _call("runtime.zip", creates="to\\agent.dll"),
            _call("runtime.zip", creates="to\\other.dll", check=True),
            _call("RUNTIME.zip", "new\\deep\\", creates=""),
            _call("odd.ZIP", "to"),
            _call("stored.zip", "to/sub"),
            _call("dots.zip", "dots"),
            _call("none.zip", "n"),
            _call("folders.zip", "folders"),
            _call("folders.zip", "folders"),
            _call("$cash.zip", "$d"),
            _call("missing.zip", "m"),
            _call("none\\x.zip"),
            _call("text.zip", "t", check=True),
            _call("text.zip", "t"),
            _call("short.zip"),
            _call("empty.zip"),
            _call("folder.zip"),
            _call("a.7z", "seven", check=True),
            _call("a.7z", "seven"),
            _call("a.gz", delete_archive=True),
            _call("runtime.zip", password="opensesame"),
            _call("runtime.zip", recurse=True),
            _call("runtime.zip", recurse="no", password=""),
            _call("runtime.zip", "a.txt"),
            _call("runtime.zip", "a.txt", check=True),
            _call("runtime.zip", "a.txt\\below"),
            _call("stored.zip", delete_archive=True, check=True),
            _call("stored.zip", delete_archive="yes"),
            _call("stored.zip", delete_archive="yes"),
            _call("out.zip", "o", check=True),
            _call("out.zip", "o"),
            Step(MODULE, {}),
            Step(MODULE, {"src": f"{PLACE}\\runtime.zip"}),
            Step(MODULE, {"src": f"{PLACE}\\runtime.zip", "dest": ""}),
            _call("runtime.zip", "pi|pe"),
            Step(MODULE, {"src": None, "dest": f"{PLACE}\\to"}),
            Step(MODULE, {"src": f"{PLACE}\\runtime.zip", "dest": None}),
        ),
    ),
    Sequence(
        {
            PLACE: None,
            **ARCHIVES,
            f"{PLACE}\\to\\a.txt": _content(b"old"),
            f"{PLACE}\\to\\agent.dll": None,
            f"{PLACE}\\to\\sub": _content(b"a file"),
        },
        (
            _call("stored.zip"),
            _call("runtime.zip", check=True),
            _call("runtime.zip"),
            _file("to\\agent.dll", "absent"),
            _call("runtime.zip"),
            _call("folders.zip"),
            _call("folders.zip", check=True),
        ),
    ),
)


class ArchivesWorld(TreeWorld):
    """A folder with archives and places for what is in them."""

    name = "archives"
    steps: t.Mapping[str, st.SearchStrategy[Step]] = {
        MODULE: st.one_of(USUAL, USUAL_WITH, USUAL_WITH, ODD, ODD, NOT_BY_NET, BAD).map(
            lambda arguments: Step(MODULE, arguments)
        )
    }
    around = st.tuples(
        st.sampled_from(("to\\agent.dll", "to\\sub", "to", "new", "to\\a.txt", "to\\sub\\deep")),
        st.sampled_from(("absent", "directory", "touch")),
    ).map(lambda two: _file(*two))
    fixed = FIXED

    def start(self) -> st.SearchStrategy[t.Any]:
        """Return archives and places for what is in them."""
        return st.fixed_dictionaries(
            {},
            optional={
                f"{PLACE}\\a.txt": _writable(),
                f"{PLACE}\\to": st.none(),
                f"{PLACE}\\to\\agent.dll": st.one_of(_writable(), _writable(), st.none()),
                f"{PLACE}\\to\\a.txt": _writable(),
                f"{PLACE}\\to\\sub": st.one_of(st.none(), _writable()),
                f"{PLACE}\\new\\other.txt": _writable(),
            },
        ).map(lambda files: {PLACE: None, **files, **ARCHIVES})
