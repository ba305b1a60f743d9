"""Files and folders with random names: win_tempfile.

Not drawn are relative paths, since the rig's PowerShell begins in a folder of its own.
"""

from __future__ import annotations

import collections
import re
import typing as t

from emulator.windows.machine import Machine
from hypothesis import strategies as st

from ..known import Difference, Known
from ..tree import PLACE, TreeWorld
from ..world import HERE, Sequence, State, Step, quoted
from .files import MAKE, empty_path, invalid_name

MODULE = "ansible.windows.win_tempfile"
RANDOM = re.compile(r"[a-z0-9]{8}\.[a-z0-9]{3}")

PATHS = (PLACE, PLACE, PLACE, f"{PLACE}\\sub", f"{PLACE}\\h\u00e4llo w\u00f6rld", f"%SystemDrive%\\fid\\{HERE}\\sub")
ODD_PATHS = (
    f"{PLACE}\\sub\\",
    f"{PLACE}/sub",
    f"{PLACE}\\none",
    f"{PLACE}\\none\\deep",
    f"{PLACE}\\a.txt",
    f"{PLACE}\\sub\\..",
    f"c:\\FID\\{HERE}\\SUB",
    f"Q:\\{HERE}",
)
AFFIXES = ("x.", "x-", "", ".tmp", " y ", "h\u00e4-", "%OS%-", "%NoSuchVariable%-", "sub\\", "it's ", "[a]-")

USUAL = st.fixed_dictionaries(
    {"path": st.sampled_from(PATHS)},
    optional={
        "state": st.sampled_from(("file", "directory", "directory")),
        "prefix": st.sampled_from(AFFIXES[:4]),
        "suffix": st.sampled_from((".tmp", "-x", "")),
    },
)
ODD = st.fixed_dictionaries(
    {"path": st.sampled_from((*PATHS, *ODD_PATHS))},
    optional={
        "state": st.sampled_from(("file", "directory", "Directory", "link")),
        "prefix": st.sampled_from((*AFFIXES, 5, None)),
        "suffix": st.sampled_from(("-y", "-h\u00e4", "%OS%", ".", " ", "\\sub", True)),
    },
)
NAMED_OTHERWISE = st.fixed_dictionaries({"dest": st.sampled_from(PATHS)}, optional={"nonsense": st.just(1)})
OF_THE_USER = st.fixed_dictionaries(
    {}, optional={"state": st.just("directory"), "path": st.just(""), "suffix": st.just(".tmp")}
)

_READ = """
$root = {root}
$found = @()
if ([IO.Directory]::Exists($root)) {{
  foreach ($path in [IO.Directory]::GetFileSystemEntries($root, '*', 'AllDirectories')) {{
    $kind = if ([IO.Directory]::Exists($path)) {{ 'folder' }} else {{ "file of $(([IO.FileInfo]$path).Length)" }}
    $found += $kind + ' ' + ($path.Substring($root.Length) -creplace '{random}', '<random>')
  }}
}}
$counts = [ordered]@{{}}
foreach ($entry in $found) {{ $counts[$entry] = 1 + $counts[$entry] }}
ConvertTo-Json $counts -Compress
"""


def _call(below: str | None = "", check: bool = False, **arguments: t.Any) -> Step:
    return Step(MODULE, arguments if below is None else {"path": PLACE + below, **arguments}, check)


FIXED = (
    Sequence(
        {PLACE: None, f"{PLACE}\\sub": None, f"{PLACE}\\a.txt": {"content": ""}},
        (
            _call(check=True),
            _call(),
            _call(),
            _call(state="directory", prefix="x-", suffix=".tmp"),
            _call("/sub", prefix="", suffix="%OS%"),
            _call("\\sub\\..", prefix="sub\\"),
            _call("\\none"),
            _call("\\none", check=True),
            _call("\\none", state="directory"),
            _call("\\a.txt"),
            _call("\\a.txt", state="directory"),
            _call(state="link"),
            _call(suffix=". "),
            _call(prefix=".tmp"),
            _call(None, path=""),
            _call(None, check=True),
            Step(MODULE, {"path": "Q:\\x"}),
        ),
    ),
)


def _blurred(value: t.Any) -> t.Any:
    return RANDOM.sub("<random>", value) if isinstance(value, str) else value


def _users_folder(difference: Difference) -> bool:
    real, modelled = _blurred(difference.real), _blurred(difference.modelled)
    return (
        not difference.arguments.get("path")
        and re.sub(r"C:\\users\\root\\", r"C:\\Users\\Administrator\\", real) == modelled
    )


class TemporaryWorld(TreeWorld):
    """A folder for files with random names; the state is how many there are of each kind and shape of name."""

    name = "temporary"
    steps: t.Mapping[str, st.SearchStrategy[Step]] = {
        MODULE: st.one_of(USUAL, USUAL, ODD, ODD, NAMED_OTHERWISE, OF_THE_USER).map(
            lambda arguments: Step(MODULE, arguments)
        )
    }
    around = MAKE
    fixed = FIXED
    known = (
        invalid_name("message for a file with a folder's name, before a temporary one"),
        Known(
            "folder of the user",
            (MODULE,),
            ("path",),
            "Wine",
            "the user is another one, and so is the folder for temporary files",
            _users_folder,
        ),
        Known(
            "message for an empty path",
            (MODULE,),
            ("msg",),
            "engine 7",
            ".NET says that it is empty, .NET Framework that it has no legal form",
            empty_path,
        ),
    )

    def start(self) -> st.SearchStrategy[t.Any]:
        """Return a file and two folders."""
        return st.fixed_dictionaries(
            {PLACE: st.none()},
            optional={
                f"{PLACE}\\a.txt": st.just({"content": ""}),
                f"{PLACE}\\sub": st.none(),
                f"{PLACE}\\h\u00e4llo w\u00f6rld": st.none(),
            },
        )

    def read_script(self, name: str) -> str:
        """Return the script that counts what is there."""
        return _READ.format(root=quoted(PLACE.replace(HERE, name)), random=RANDOM.pattern)

    def read(self, machine: Machine, name: str) -> State:
        """Count the same in the model."""
        root = PLACE.replace(HERE, name)
        nodes = machine.files.walk(root) if machine.files.is_folder(root) else ()
        kinds = [("folder" if n.content is None else f"file of {len(n.content)}", n.path[len(root) :]) for n in nodes]
        return dict(collections.Counter(f"{kind} {_blurred(path)}" for kind, path in kinds))

    def same(self, field: tuple[str, ...], real: t.Any, modelled: t.Any) -> bool:
        """Paths, and messages with one, are the same when all but the random names is."""
        return field in {("path",), ("msg",)} and real != modelled and _blurred(real) == _blurred(modelled)
