"""Files and folders: win_file, win_stat, slurp."""

from __future__ import annotations

import base64
import re
import typing as t

from emulator.handlers.ansible_windows_files import INVALID_NAME
from emulator.model.option_types import EMPTY_PATH
from hypothesis import strategies as st

from ..known import ABSENT, Difference, Known
from ..tree import PLACE, TreeWorld, a_file
from ..world import HERE, Sequence, Step, recent

FILE, STAT, SLURP = (f"ansible.windows.{name}" for name in ("win_file", "win_stat", "slurp"))

NAMES = ("a.txt", "A.TXT", "b", "sub", "sub\\c.log", "Sub\\deep\\d", "sub\\deep", "none\\x", "a.txt\\below")
ODD = (
    "h\u00e4llo w\u00f6rld.txt",
    "\u0442\u0435\u0441\u0442\\\u65e5\u672c.bin",
    "[a]*.txt",
    "it's.txt",
    "a b & c;d.txt",
    "$x`y.txt",
    ".dot",
    "two..dots",
    "[b].txt",
    "{0}.txt",
    "x" * 120,
)
BAD = ("pi|pe", 'quo"te', "a<b", "que?y")


def path(*, file_as_folder: bool = False) -> st.SearchStrategy[str]:
    """Return paths in the sequence's folder: usual ones often, odd and impossible ones sometimes, variously spelt.

    Args:
        file_as_folder: also a file's with a separator behind it. Not for win_file: the engine's Get-Item finds no such
            file, and what the cmdlet of Windows PowerShell finds is not known.
    """
    usual = st.sampled_from(NAMES).map(lambda name: f"{PLACE}\\{name}")
    odd = st.sampled_from((*ODD, *BAD)).map(lambda name: f"{PLACE}\\{name}")
    written = st.sampled_from(
        (
            PLACE,
            f"{PLACE}\\sub\\",
            *([f"{PLACE}\\a.txt\\"] if file_as_folder else []),
            f"{PLACE}/sub/c.log",
            f"{PLACE}\\sub\\..\\a.txt",
            f"{PLACE}\\.\\b",
            f"c:\\FID\\{HERE}\\a.txt",
            f"%SystemDrive%\\fid\\{HERE}\\a.txt",
            f"{PLACE}\\%NoSuchVariable%",
            f"Q:\\{HERE}",
            "",
        )
    )
    return st.one_of(usual, usual, usual, odd, written)


def _step(module: str, required: dict[str, t.Any], optional: dict[str, t.Any]) -> st.SearchStrategy[Step]:
    return st.fixed_dictionaries(required, optional=optional).map(lambda arguments: Step(module, arguments))


TIMES = ("now", "preserve", "2020-01-02 03:04:05", "2031-12-31 23:59:59", "yesterday", "2020-13-01 00:00:00")
MAKE = _step(
    FILE,
    {"path": path()},
    {"state": st.sampled_from(("directory", "directory", "touch", "touch", "absent", "file", "link", "Directory"))},
)
WITH_TIMES = _step(
    FILE,
    {"path": path(), "state": st.sampled_from(("touch", "touch", "directory", "file"))},
    {
        "modification_time": st.sampled_from(TIMES),
        "access_time": st.sampled_from(TIMES),
        "modification_time_format": st.sampled_from(("yyyy-MM-dd HH:mm:ss", "dd.MM.yyyy")),
    },
)
PEEK = _step(FILE, {"path": path(), "_diff_peek": st.just(True)}, {"state": st.sampled_from(("touch", "absent"))})
NONE_GIVEN = st.sampled_from((Step(FILE, {}), Step(FILE, {"state": "touch"}), Step(FILE, {"path": None})))
ALIASES = _step(FILE, {"dest": path()}, {"state": st.sampled_from(("directory", "absent")), "name": path()})


_any_path = path(file_as_folder=True)


def _stat() -> st.SearchStrategy[Step]:
    options = {
        "get_checksum": st.sampled_from((True, False, "yes", "maybe")),
        "get_size": st.booleans(),
        "checksum_algorithm": st.sampled_from(("md5", "sha1", "sha256", "sha384", "sha512", "SHA256", "crc")),
        "follow": st.booleans(),
        "nonsense": st.just(1),
    }
    usual = _step(STAT, {"path": _any_path}, {k: v for k, v in options.items() if k != "nonsense"})
    return st.one_of(
        _step(STAT, {"path": _any_path}, {}), usual, usual, _step(STAT, {}, {"dest": _any_path, **options})
    )


def _slurp() -> st.SearchStrategy[Step]:
    return st.one_of(_step(SLURP, {"src": _any_path}, {}), _step(SLURP, {}, {"path": _any_path, "src": _any_path}))


def invalid_name(name: str) -> Known:
    """Return the entry for a call of win_file that makes a file of a folder's name, for a world with such calls."""
    return Known(
        name,
        (FILE,),
        ("msg",),
        "Wine",
        "Wine has a text of its own for error 123, and .NET 10 adds the path",
        lambda d: (
            str(d.modelled) == f"{UNHANDLED}{INVALID_NAME}\r\n"
            and re.fullmatch(re.escape(UNHANDLED) + r"Invalid name\. : '.+[\\/]'\.", str(d.real)) is not None
        ),
    )


def _drive_missing(difference: Difference) -> bool:
    """Tell whether the module failed at the drive, which the model got over, or failed at later: each field with its
    one pair of values.
    """
    real, modelled = difference.results
    if real.get("msg") != f"{UNHANDLED}{NO_DRIVE}":
        return False
    later = f"{UNHANDLED}Could not find a part of the path 'Q:"
    expected: dict[str, tuple[t.Any, t.Any]] = {"msg": (real["msg"], modelled.get("msg", ABSENT))}
    if "changed" in modelled:
        expected |= {"changed": (ABSENT, modelled["changed"]), "failed": (True, ABSENT)}
    elif not str(modelled.get("msg")).startswith(later):
        return False
    return any(str(value).startswith("Q:") for value in difference.arguments.values()) and expected.get(
        difference.field[0]
    ) == (difference.real, difference.modelled)


def empty_path(difference: Difference) -> bool:
    """Tell whether both sides say of an empty path what their .NET says."""
    return EMPTY_PATH in str(difference.modelled) and str(difference.real) == str(difference.modelled).replace(
        EMPTY_PATH, "The path is empty. (Parameter 'path')"
    )


def _sign_refused(difference: Difference) -> bool:
    """Tell whether the model refused a sign in a path of which the module said that nothing is there."""
    real, modelled = difference.results
    return (
        "string value contains invalid path characters" in str(modelled.get("msg"))
        and any(re.search('["<>]', str(value)) for value in difference.arguments.values())
        and real.get("stat") == {"exists": False}
        and difference.field[0] in {"failed", "msg", "stat"}
    )


UNHANDLED = "Unhandled exception while executing module: "
NO_DRIVE = "Cannot find drive. A drive with the name 'Q' does not exist."
SHARE_WARNING = "Failed to check share info for '"
NOT_THERE = "The term 'Get-CimInstance' is not recognized"
TEXT = base64.b64encode(b"hello").decode()
A_FILE = {PLACE: None, f"{PLACE}\\a.txt": {"content": TEXT, "read_only": True}, f"{PLACE}\\sub": None}


def _f(path: str, check: bool = False, **more: t.Any) -> Step:
    return Step(FILE, {"path": f"{PLACE}\\{path}", **more}, check)


FIXED = (
    Sequence(
        {**A_FILE, f"{PLACE}\\a.txt": {"content": TEXT}},
        (
            _f("none"),
            _f("none", state="directory", check=True),
            _f("none", state="directory"),
            _f("a.txt", state="touch", access_time="preserve", modification_time="2020-01-02 03:04:05"),
            _f("a.txt", state="touch", access_time="preserve", modification_time="2020-01-02 03:04:05"),
            _f("a.txt", state="touch", access_time="preserve", modification_time="2020-13-01 00:00:00"),
            _f("a.txt", _diff_peek=True),
            _f("a.txt", state="absent"),
            _f("sub\\x", state="touch", check=True),
            _f("gone\\x", state="touch", check=True),
            _f("gone\\x", state="touch"),
            _f("gone\\", state="touch", check=True),
            _f("gone\\", state="touch"),
        ),
    ),
    Sequence(
        A_FILE,
        (
            _f("a.txt\\below", state="directory"),
            _f("a.txt", state="directory"),
            _f("sub", state="file"),
            _f("sub", state="link"),
            _f("pi|pe", state="touch"),
            Step(FILE, {"dest": f"%SystemDrive%\\fid\\{HERE}\\made", "state": "Directory"}),
            Step(FILE, {"path": f"Q:\\{HERE}", "state": "touch"}),
            Step(FILE, {}),
            Step(FILE, {"path": PLACE, "state": "absent"}),
        ),
    ),
    Sequence(
        A_FILE,
        (
            Step(STAT, {"path": f"{PLACE}\\A.TXT"}),
            Step(STAT, {"path": PLACE}),
            Step(STAT, {"path": f"{PLACE}\\sub\\", "get_size": False}),
            Step(STAT, {"path": f"{PLACE}/./a.txt", "checksum_algorithm": "sha256"}),
            Step(STAT, {"path": PLACE, "nonsense": 1}),
            Step(STAT, {"path": PLACE, "get_checksum": "maybe"}),
            Step(SLURP, {"path": f"{PLACE}\\a.txt"}),
            Step(SLURP, {"src": f"{PLACE}\\sub"}),
            Step(SLURP, {"src": f"{PLACE}\\none"}),
            Step(SLURP, {}),
        ),
    ),
)


def read_only_touched(name: str) -> Known:
    """Return the entry for a call of win_file that sets times of a read-only file, for a world with such calls."""
    return Known(
        name,
        (FILE,),
        ("state", "*", "attributes"),
        "Wine",
        "setting a time removes the attribute; on Windows attributes of zero in that call mean no change",
        lambda d: (
            str(d.arguments.get("state")).lower() == "touch"
            and not d.check
            and d.modelled == 1
            and d.real == 0
            and bool(d.results[0].get("changed"))
        ),
        ends=True,
    )


class FilesWorld(TreeWorld):
    """A folder with some files, some of them read-only."""

    name = "files"
    steps: t.Mapping[str, st.SearchStrategy[Step]] = {
        FILE: st.one_of(MAKE, MAKE, MAKE, WITH_TIMES, WITH_TIMES, PEEK, ALIASES, NONE_GIVEN),
        STAT: _stat(),
        SLURP: _slurp(),
    }
    around = MAKE
    fixed = FIXED
    known = (
        Known(
            "a missing drive: validity",
            (FILE, SLURP),
            ("*",),
            "rig",
            "the rig's Test-Path -IsValid fails for a drive that does not exist; the cmdlet answers false, and the"
            " module goes on (Get-AnsibleParam has a branch for it)",
            _drive_missing,
        ),
        read_only_touched("times of a read-only file"),
        invalid_name("message for a file with a folder's name"),
        Known(
            "share of a folder",
            (STAT,),
            ("warnings",),
            "Wine",
            "there is no WMI, so that the module warns instead of reading the folder's share",
            lambda d: (
                d.modelled == ABSENT
                and len(d.real) == 1
                and d.real[0].startswith(SHARE_WARNING)
                and NOT_THERE in d.real[0]
            ),
        ),
        Known(
            "characters that are refused in paths",
            (STAT,),
            ("*",),
            "engine 7",
            '.NET refuses only |, .NET Framework ", < and > too',
            _sign_refused,
        ),
        Known(
            "message for an empty path to ask about",
            (STAT,),
            ("msg",),
            "engine 7",
            ".NET says that it is empty, .NET Framework that it has no legal form",
            empty_path,
        ),
        Known(
            "owner",
            (STAT,),
            ("stat", "owner"),
            "rig",
            "the property Owner of an access list is added by PowerShell's own type data, which the rig lacks",
            lambda d: d.real is None and d.modelled == "BUILTIN\\Administrators",
        ),
    )

    def start(self) -> st.SearchStrategy[t.Any]:
        """Return some of the usual names, as ``tree.lay`` takes them."""
        return st.fixed_dictionaries(
            {},
            optional={
                f"{PLACE}\\a.txt": a_file(),
                f"{PLACE}\\b": st.one_of(a_file(), st.none()),
                f"{PLACE}\\sub": st.none(),
                f"{PLACE}\\sub\\c.log": a_file(),
                f"{PLACE}\\h\u00e4llo w\u00f6rld.txt": a_file(),
                f"{PLACE}\\[b].txt": a_file(),
            },
        ).map(lambda files: {PLACE: None, **files})

    def same(self, field: tuple[str, ...], real: t.Any, modelled: t.Any) -> bool:
        """Times of a stat are the same when both are of this run."""
        return field[:1] == ("stat",) and field[-1].endswith("time") and recent(real) and recent(modelled)
