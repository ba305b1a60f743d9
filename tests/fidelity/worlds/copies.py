"""Files that are copied to and on the server: win_copy, with the arguments that its action plugin gives it.

Not drawn are relative paths, since the rig's PowerShell begins in a folder of its own, a folder that is copied into
itself, which never ends, and a single file with a separator behind its name, which the action plugin never sends.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
import typing as t
import zipfile

from hypothesis import strategies as st

from ..known import Known
from ..tree import PLACE, TreeWorld, a_file
from ..world import HERE, Sequence, Step
from .files import read_only_touched

MODULE, FILE = "ansible.windows.win_copy", "ansible.windows.win_file"
BACKUP = re.compile(r"\.\d+\.\d{8}-\d{6}\.bak")
CONTENTS = (b"", b"hello\r\n", "h\u00e4llo\n".encode(), b"\0\xff\xfe binary")

SOURCES = ("from\\s.txt", "from\\s.txt", "from\\e", "a.txt", "from\\in\\d.bin", "from\\h\u00e4.txt", "from\\[s].txt")
FOLDERS = ("from", "from", "from\\", "from\\in", "from\\in\\", "from\\deep")
ODD_SOURCES = ("none", "none\\x", "FROM\\S.TXT", "from\\in\\..\\s.txt", "from/s.txt", "pi|pe", "")
TARGETS = ("a.txt", "new.txt", "to", "to", "to\\", "to\\new.txt", "to\\a.txt", "ro.txt", "made\\")
ODD_TARGETS = (
    "none\\x.txt",
    "none\\deep\\",
    "a.txt\\below",
    "a.txt\\",
    "TO\\S.TXT",
    "to/x.txt",
    "to\\..\\x.txt",
    "h\u00e4 \u65e5\u672c.txt",
    "[b].txt",
    "pi|pe",
    "",
)


def _below(*names: str) -> st.SearchStrategy[str]:
    return st.sampled_from(names).map(lambda name: f"{PLACE}\\{name}" if name else "")


_source, _folder, _target = _below(*SOURCES), _below(*FOLDERS), _below(*TARGETS)
_any_source, _any_target = _below(*SOURCES, *ODD_SOURCES), _below(*TARGETS, *TARGETS, *ODD_TARGETS)
_remote_source = _below(*SOURCES, *ODD_SOURCES, "from\\s.txt\\")
_force = st.sampled_from((True, True, False, "no"))
_backup = st.sampled_from((False, True, "yes"))

REMOTE = st.fixed_dictionaries(
    {
        "_copy_mode": st.just("remote"),
        "src": st.one_of(_source, _source, _folder, _remote_source),
        "dest": st.one_of(_target, _target, _any_target),
        "force": st.sampled_from((True, True, True, False)),
        "backup": st.sampled_from((False, False, True)),
    },
    optional={"remote_src": st.just(True)},
)
SINGLE = st.fixed_dictionaries(
    {
        "_copy_mode": st.sampled_from(("single", "single", "Single")),
        "src": st.one_of(_source, _source, _any_source),
        "dest": st.one_of(_target, _any_target),
        "_original_basename": st.sampled_from(("a.txt", "s.txt", "h\u00e4 \u65e5\u672c.txt")),
        "backup": _backup,
    },
    optional={"force": _force},
)


def _sent(name: str, content: bytes = b"hello\r\n", basename: str | None = None, **more: t.Any) -> dict[str, t.Any]:
    """Return a file as the action plugin asks for it."""
    checksum = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    return {"src": f"/controller/{basename or name}", "dest": name, "checksum": checksum, **more}


_names = st.sampled_from(("a.txt", "A.TXT", "new.txt", "to/a.txt", "to", "from/s.txt", "h\u00e4.txt", "a.txt/below"))
_asked = st.tuples(_names, st.sampled_from(CONTENTS)).map(lambda two: _sent(*two))
_folders_asked = st.sampled_from(("to", "TO", "new", "new/deep", "a.txt", "a.txt/below", "from/in")).map(
    lambda name: {"src": f"/controller/{name}", "dest": name}
)
QUERY = st.fixed_dictionaries(
    {
        "_copy_mode": st.just("query"),
        "dest": st.one_of(
            st.just(PLACE),
            st.just(PLACE),
            _any_target,
            st.just(f"c:/fid/{HERE}"),
            st.just(f"%SystemDrive%\\fid\\{HERE}"),
        ),
        "files": st.lists(_asked, max_size=2),
        "directories": st.one_of(st.just([]), st.lists(_folders_asked, max_size=2)),
        "symlinks": st.just([]),
        "force": _force,
    }
)
BAD = st.sampled_from(
    (
        {},
        {"_copy_mode": "single", "dest": PLACE},
        {"_copy_mode": "single", "src": f"{PLACE}\\a.txt"},
        {"_copy_mode": "explode"},
        {"_copy_mode": "query"},
        {"_copy_mode": "move", "src": f"{PLACE}\\a.txt", "dest": f"{PLACE}\\new.txt"},
        {"src": f"{PLACE}\\a.txt", "dest": f"{PLACE}\\new.txt", "nonsense": 1},
    )
)


def _archive(*entries: tuple[str, bytes | None]) -> dict[str, str]:
    """Return an archive as the action plugin makes it: names in base64, None for a folder."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            encoded = base64.b64encode(name.encode()).decode()
            information = zipfile.ZipInfo(encoded if content is not None else f"{encoded}/", (2024, 5, 6, 7, 8, 10))
            archive.writestr(information, content or b"")
    return _content(memory.getvalue())


def _content(data: bytes) -> dict[str, str]:
    return {"content": base64.b64encode(data).decode()}


ARCHIVES = {
    f"{PLACE}\\one.zip": _archive(("new.txt", b"new"), ("a.txt", b"changed")),
    f"{PLACE}\\two.zip": _archive(("h\u00e4 \u65e5\u672c/x.txt", b"x"), ("empty", None), ("to", None)),
}
EXPLODE = st.fixed_dictionaries(
    {
        "_copy_mode": st.just("explode"),
        "src": _below("one.zip", "one.zip", "two.zip", "two.zip", "none.zip", "to"),
        "dest": _below("to", "to\\", "made", "none\\deep\\", "to/"),
    },
    optional={"backup": _backup, "force": _force},
)


def _call(mode: str, check: bool = False, **arguments: t.Any) -> Step:
    paths: dict[str, t.Any] = {key: f"{PLACE}\\{arguments[key]}" for key in ("src", "dest") if key in arguments}
    return Step(MODULE, {"_copy_mode": mode, **arguments, **paths}, check)


HELLO, OTHER = _content(b"hello\r\n"), _content(b"other")
FIXED = (
    Sequence(
        {
            PLACE: None,
            f"{PLACE}\\a.txt": HELLO,
            f"{PLACE}\\ro.txt": {**OTHER, "read_only": True},
            f"{PLACE}\\to": None,
            f"{PLACE}\\from\\s.txt": {**HELLO, "read_only": True},
            f"{PLACE}\\from\\in\\d.bin": OTHER,
            f"{PLACE}\\from\\h\u00e4.txt": OTHER,
            f"{PLACE}\\from\\[s].txt": OTHER,
        },
        (
            _call("remote", src="from\\s.txt", dest="new.txt", check=True),
            _call("remote", src="from\\s.txt", dest="new.txt"),
            _call("remote", src="from\\s.txt", dest="new.txt"),
            _call("remote", src="from\\s.txt", dest="ro.txt", force=False),
            _call("remote", src="from\\s.txt", dest="ro.txt", backup=True, check=True),
            _call("remote", src="from\\s.txt", dest="ro.txt", backup=True),
            _call("remote", src="from/s.txt", dest="to"),
            _call("remote", src="from\\s.txt", dest="made\\deep\\", check=True),
            _call("remote", src="from\\s.txt", dest="none\\x.txt"),
            _call("remote", src="from\\s.txt", dest="a.txt\\below"),
            _call("remote", src="none", dest="to"),
            _call("remote", src="from", dest="to", check=True),
            _call("remote", src="from", dest="to"),
            _call("remote", src="from", dest="to"),
            _call("remote", src="from\\", dest="other"),
            _call("remote", src="from", dest="a.txt"),
            _call("remote", src="from\\in\\", dest="a.txt"),
            Step(FILE, {"path": f"{PLACE}\\to\\s.txt", "state": "absent"}),
            Step(FILE, {"path": f"{PLACE}\\to\\s.txt", "state": "directory"}),
            _call("remote", src="from\\", dest="to"),
            *[_call("single", src="from\\s.txt", dest="twice.txt", backup=True)] * 3,
        ),
    ),
    Sequence(
        {PLACE: None, f"{PLACE}\\a.txt": HELLO, f"{PLACE}\\to\\s.txt": OTHER, f"{PLACE}\\ro.txt": OTHER, **ARCHIVES},
        (
            _call("single", src="a.txt", dest="new.txt", _original_basename="s.txt"),
            _call("single", src="a.txt", dest="to", _original_basename="s.txt", backup=True),
            _call("single", src="ro.txt", dest="made\\", _original_basename="s.txt", check=True),
            _call("single", src="ro.txt", dest="none\\x", _original_basename="s.txt"),
            _call("single", src="ro.txt", dest="a.txt\\x", _original_basename="s.txt"),
            _call("single", src="none", dest="to", _original_basename="s.txt"),
            Step(MODULE, {"src": f"{PLACE}\\a.txt", "dest": f"{PLACE}\\to"}),
            _call(
                "query", dest="", files=[_sent("a.txt"), _sent("new.txt"), _sent("ro.txt"), _sent("to", b"", "s.txt")]
            ),
            _call("query", dest="", files=[_sent("ro.txt")], force=False),
            _call("query", dest="", directories=[{"src": "/c/to", "dest": "to"}, {"src": "/c/x", "dest": "x/y"}]),
            _call("query", dest="", directories=[{"src": "/c/a.txt", "dest": "a.txt"}]),
            _call("query", dest="", directories=[{"src": "/c/a.txt", "dest": "a.txt/below"}]),
            _call("query", dest="", files=[_sent("to", b"", "to")]),
            _call("explode", src="one.zip", dest="to", check=True),
            _call("explode", src="one.zip", dest="to"),
            _call("explode", src="two.zip", dest="made\\out"),
            _call("explode", src="two.zip", dest="made\\out"),
            _call("explode", src="a.txt", dest="to"),
            _call("remote", dest="to"),
            Step(MODULE, {"_copy_mode": "single", "src": f"{PLACE}\\a.txt", "dest": ""}),
            _call("explode", src="none.zip", dest="to"),
            _call("move", src="a.txt", dest="to"),
            Step(MODULE, {"_copy_mode": "single"}),
            Step(MODULE, {"_copy_mode": "query"}),
        ),
    ),
)


def backups_in_a_second(module: str, name: str) -> Known:
    """Return the entry for a call that keeps a backup, whose name has the second; the table has it by this name."""
    return Known(
        name,
        (module,),
        ("state", ".", "written"),
        "rig",
        "a second backup in the same second replaces the first, and the two sides are not equally fast",
        lambda d: {d.real, d.modelled} == {"moved", "same"} and all(result.get("backup_file") for result in d.results),
    )


class CopiesWorld(TreeWorld):
    """A folder with files to copy, and places for them."""

    name = "copies"
    steps: t.Mapping[str, st.SearchStrategy[Step]] = {
        MODULE: st.one_of(REMOTE, REMOTE, REMOTE, SINGLE, SINGLE, QUERY, QUERY, EXPLODE, BAD).map(
            lambda arguments: Step(MODULE, arguments)
        )
    }
    around = st.tuples(
        st.sampled_from(("a.txt", "to\\s.txt", "to\\from", "made", "from\\in\\d.bin", "to")),
        st.sampled_from(("absent", "directory", "touch")),
    ).map(lambda two: Step(FILE, {"path": f"{PLACE}\\{two[0]}", "state": two[1]}))
    fixed = FIXED
    random = BACKUP
    known = (
        read_only_touched("times of a read-only file that is copied"),
        backups_in_a_second(MODULE, "time of a folder with copies and backups"),
    )

    def start(self) -> st.SearchStrategy[t.Any]:
        """Return files to copy and places for them."""
        return st.fixed_dictionaries(
            {f"{PLACE}\\from\\s.txt": a_file(), f"{PLACE}\\from\\in\\d.bin": a_file()},
            optional={
                f"{PLACE}\\from\\e": st.just({"content": ""}),
                f"{PLACE}\\from\\h\u00e4.txt": a_file(),
                f"{PLACE}\\from\\[s].txt": a_file(),
                f"{PLACE}\\from\\deep": st.none(),
                f"{PLACE}\\a.txt": a_file(),
                f"{PLACE}\\ro.txt": st.just({**OTHER, "read_only": True}),
                f"{PLACE}\\to": st.none(),
                f"{PLACE}\\to\\s.txt": a_file(),
                f"{PLACE}\\to\\from\\in\\d.bin": a_file(),
            },
        ).map(lambda files: {PLACE: None, **files, **ARCHIVES})

    def same(self, field: tuple[str, ...], real: t.Any, modelled: t.Any) -> bool:
        """Names of backups are the same when all but process and time is."""
        return (
            field == ("backup_file",)
            and all(isinstance(value, str) and BACKUP.search(value) for value in (real, modelled))
            and BACKUP.sub("", real) == BACKUP.sub("", modelled)
        )
