"""Keys and values of the registry: win_regedit, win_reg_stat."""

from __future__ import annotations

import typing as t

from emulator.windows.machine import Machine
from emulator.windows.registry import value_data
from emulator.windows.registry.keys import Key
from hypothesis import strategies as st

from ..known import Difference, Known
from ..world import HERE, Sequence, State, Step, World, named, quoted

PLACE = f"HKLM:\\SOFTWARE\\fid\\{HERE}"
EDIT, STAT = (f"ansible.windows.{name}" for name in ("win_regedit", "win_reg_stat"))

NAMES = ("Name", "name", "Other", "a b", "p\u00e4th", "with\\backslash", "", None)
KEYS = ("", "\\sub", "\\Sub", "\\sub\\deep", "\\none", "\\a b", "\\\u043a\u043b\u044e\u0447", "\\sub\\", "\\a/b")
ODD = (
    f"hklm:\\software\\FID\\{HERE}",
    f"HKLM:\\SOFTWARE\\\\fid\\{HERE}",
    f"HKLM:/SOFTWARE/fid/{HERE}",
    f"HKLM\\SOFTWARE\\fid\\{HERE}",
    f"HKEY_LOCAL_MACHINE:\\SOFTWARE\\fid\\{HERE}",
    f"{PLACE}\\{'k' * 256}",
    "HKLM:",
)
DATA: dict[str, tuple[t.Any, ...]] = {
    "string": ("x", "X", "17", "", "h\u00e4llo \u65e5\u672c", "%SystemDrive%\\x", 17, True, 1.5, ["a", "b"], {"a": 1}),
    "expandstring": ("%SystemDrive%\\x", "%NoSuchVariable%", "x", "", 17),
    "multistring": (["a", "b"], ["A", "b"], ["a"], "a", [], ["a", 1, True], ["a", ""], ["\u00fc"], [None], [{"a": 1}]),
    "dword": (1, 17, 0, -1, "17", "0x11", 4294967295, 4294967296, 2.0, 1.5, "1.5", True, "zz", "-1", ["1"]),
    "qword": (17, "17", -1, 4294967296, "18446744073709551615", 18446744073709551615, "18446744073709551616", 1.5, "z"),
    "binary": ("hex:be,ef", "BE,EF", "beef", "0xbe,0xef", [190, 239], 7, "a", "abc", "hex:", "", "be,100", "xyz"),
    "none": ("be,ef", "", [1, 2], 300, [256], ["0x1", "2"], ["zz"]),
}
STORED: tuple[tuple[str, t.Any], ...] = (
    ("String", "x"),
    ("String", "17"),
    ("String", "h\u00e4llo"),
    ("ExpandString", "%SystemDrive%\\x"),
    ("MultiString", ["a", "b"]),
    ("MultiString", []),
    ("DWord", 17),
    ("DWord", -1),
    ("QWord", 2**40),
    ("Binary", [190, 239]),
    ("Binary", []),
    ("None", [1, 2]),
)


def path() -> st.SearchStrategy[str]:
    """Return paths of keys: usual ones often, odd and impossible ones sometimes."""
    usual = st.sampled_from(KEYS).map(lambda key: PLACE + key)
    return st.one_of(usual, usual, usual, usual, st.sampled_from(ODD))


def _set() -> st.SearchStrategy[Step]:
    """Return calls that set a value: data of its type often, of another one sometimes."""

    def call(kind: str) -> st.SearchStrategy[Step]:
        own = st.sampled_from(DATA[kind])
        data = st.one_of(own, own, own, st.sampled_from(DATA["string"][:3]))
        options: dict[str, t.Any] = {"data": data} if kind != "string" else {"data": data, "state": st.just("present")}
        required: dict[str, t.Any] = {"path": path(), "name": st.sampled_from(NAMES)}
        if kind != "string":
            required["type"] = st.just(kind)
        return st.fixed_dictionaries(required, optional=options).map(lambda arguments: Step(EDIT, arguments))

    return st.sampled_from(tuple(DATA)).flatmap(call)


KEY_ONLY = st.fixed_dictionaries({"path": path()}).map(lambda arguments: Step(EDIT, arguments))
REMOVE = st.fixed_dictionaries(
    {"path": path(), "state": st.just("absent")},
    optional={"name": st.sampled_from(NAMES), "delete_key": st.booleans(), "type": st.sampled_from(("dword", "none"))},
).map(lambda arguments: Step(EDIT, arguments))
BAD = st.sampled_from(
    (
        Step(EDIT, {"path": PLACE, "type": "REG_SZ"}),
        Step(EDIT, {"path": PLACE, "state": "gone"}),
        Step(EDIT, {"path": PLACE, "hive": "C:\\none.dat"}),
        Step(EDIT, {"path": PLACE, "delete_key": "perhaps"}),
        Step(EDIT, {"key": PLACE, "entry": "Name", "data": "x", "datatype": "String"}),
        Step(EDIT, {"key": PLACE, "value": "Name", "data": "y"}),
        Step(EDIT, {"name": "Name"}),
        Step(EDIT, {"path": PLACE, "nonsense": 1}),
    )
)
ASKED: st.SearchStrategy[dict[str, t.Any]] = st.one_of(
    st.fixed_dictionaries({"path": path()}),
    st.fixed_dictionaries({"path": path(), "name": st.sampled_from((*NAMES, 17))}),
    st.fixed_dictionaries({"path": path(), "name": st.sampled_from(NAMES)}),
    st.fixed_dictionaries({"key": path()}, optional={"entry": st.sampled_from(NAMES), "value": st.just("Name")}),
    st.sampled_from(({}, {"path": None}, {"path": ""}, {"path": "HKLM:", "name": "x"})),
)

_LAY = "[void]($key = [Microsoft.Win32.Registry]::LocalMachine.CreateSubKey({path}))"
_READ = """
$root = {root}
$found = [ordered]@{{}}
function Add-Key($key, [string]$path) {{
  $found[$path] = [ordered]@{{ key = $true }}
  foreach ($name in $key.GetValueNames()) {{
    $data = $key.GetValue($name, $null, 'DoNotExpandEnvironmentNames')
    $kind = $key.GetValueKind($name).ToString()
    if ($kind -in 'Binary', 'None') {{ $data = [BitConverter]::ToString([byte[]]$data) }}
    elseif ($kind -eq 'MultiString') {{ $data = [string]::Join('|', [string[]]$data) }}
    $found["$path|$name"] = [ordered]@{{ kind = $kind; data = "$data" }}
  }}
  foreach ($name in $key.GetSubKeyNames()) {{
    $below = $key.OpenSubKey($name)
    Add-Key $below "$path\\$name"
    $below.Dispose()
  }}
}}
$key = [Microsoft.Win32.Registry]::LocalMachine.OpenSubKey($root)
if ($null -ne $key) {{ Add-Key $key '.'; $key.Dispose() }}
ConvertTo-Json $found -Depth 5 -Compress
"""


def _expression(kind: str, data: t.Any) -> str:
    if kind in {"Binary", "None"}:
        return f"([byte[]]@({','.join(map(str, data))}))"
    if kind == "MultiString":
        return f"([string[]]@({','.join(quoted(entry) for entry in data)}))"
    return f"([{'int' if kind == 'DWord' else 'long'}]{data})" if kind in {"DWord", "QWord"} else quoted(data)


def _shown(key: Key, path: str) -> t.Iterator[tuple[str, State]]:
    yield path, {"key": True}
    for name, value in key.values.values():
        data = value.data
        if isinstance(data, bytes):
            data = "-".join(f"{byte:02X}" for byte in data)
        yield f"{path}|{name}", {"kind": value.type, "data": "|".join(data) if isinstance(data, list) else str(data)}
    for below in key.keys.values():
        yield from _shown(below, f"{path}\\{below.name}")


def _edit(check: bool = False, **arguments: t.Any) -> Step:
    return Step(EDIT, {"path": PLACE, **arguments}, check)


FIXED = (
    Sequence(
        {"\\sub": {"Name": ["DWord", 17], "Text": ["String", "x"]}},
        (
            _edit(name="Name", data="x", check=True),
            _edit(name="Name", data="x"),
            _edit(name="name", data="X"),
            _edit(name="Name", data=17),
            _edit(name="Name", data=17, type="dword"),
            _edit(name="Name", data="zz", type="dword"),
            _edit(name="Name", data=4294967296, type="dword"),
            _edit(name="List", data=["a", "b"], type="multistring"),
            _edit(name="List", data=["A", "b"], type="multistring"),
            _edit(name="Bytes", data="hex:be,ef", type="binary"),
            _edit(name="Bytes", data=300, type="none"),
            _edit(data="own"),
            _edit(data="own", type="dword"),
            _edit(name="Bytes", state="absent"),
            _edit(state="absent", delete_key=False),
            _edit(
                key=f"{PLACE}\\sub", name="Text", value="Own", data="x", type="binary", datatype="string", check=True
            ),
            Step(EDIT, {"path": f"{PLACE}\\sub", "state": "absent"}),
        ),
    ),
    Sequence(
        {
            "": {
                "E": ["ExpandString", "%SystemDrive%\\x"],
                "D": ["DWord", -1],
                "Q": ["QWord", -1],
                "N": ["None", [1, 2]],
                "M": ["MultiString", ["a", "b"]],
                "": ["String", "own"],
            },
            "\\b": {"": ["Binary", [190, 239]]},
            "\\A": {"": ["None", []]},
        },
        (
            Step(STAT, {"path": PLACE}),
            Step(STAT, {"key": PLACE, "entry": "e"}),
            Step(STAT, {"path": f"{PLACE}\\b"}),
            Step(STAT, {"path": f"{PLACE}\\b", "name": ""}),
            Step(STAT, {"path": f"{PLACE}\\A", "name": ""}),
            Step(STAT, {"path": f"{PLACE}\\none"}),
            Step(STAT, {"path": PLACE, "name": "none"}),
            Step(STAT, {"path": f"HKLM\\SOFTWARE\\fid\\{HERE}"}),
            Step(STAT, {}),
        ),
    ),
)


def _words_of_numbers(difference: Difference) -> bool:
    said = str(difference.modelled)
    return value_data.NO_NUMBER in said and str(difference.real) in {
        said.replace(value_data.NO_NUMBER, f"The input string '{text}' was not in a correct format.")
        for text in _texts(difference.arguments.get("data"))
    }


def _texts(data: t.Any) -> list[str]:
    return [str(entry) for entry in (data if isinstance(data, list) else [data])]


class RegistryWorld(World):
    """A key with some values and keys below it."""

    name = "registry"
    steps: t.Mapping[str, st.SearchStrategy[Step]] = {
        EDIT: st.one_of(_set(), _set(), _set(), KEY_ONLY, REMOVE, REMOVE, BAD),
        STAT: ASKED.map(lambda arguments: Step(STAT, arguments)),
    }
    around = st.one_of(_set(), REMOVE)
    fixed = FIXED
    known = (
        Known(
            "strings that are not numbers",
            (EDIT,),
            ("msg",),
            "engine 7",
            "since .NET 7 the message quotes the string that is not a number",
            _words_of_numbers,
        ),
        Known(
            "length of a key's name",
            (EDIT, STAT),
            ("msg",),
            "engine 7",
            ".NET names the parameter after the message, .NET Framework does not",
            lambda d: (
                value_data.KEY_TOO_LONG in str(d.modelled)
                and str(d.real)
                == str(d.modelled).replace(value_data.KEY_TOO_LONG, f"{value_data.KEY_TOO_LONG} (Parameter 'name')")
            ),
        ),
    )

    def start(self) -> st.SearchStrategy[t.Any]:
        """Return values by the key below the sequence's own, as kind and data."""
        stored = st.sampled_from(STORED).map(list)
        some = st.dictionaries(st.sampled_from(("Name", "Other", "a b", "p\u00e4th", "")), stored, max_size=4)
        return st.fixed_dictionaries({}, optional={"": some, "\\sub": some, "\\sub\\deep": some, "\\a b": some})

    def lay_script(self, start: t.Any, name: str) -> str:
        """Return the script that makes keys and values."""
        root, lines = PLACE.removeprefix("HKLM:\\").replace(HERE, name), []
        for below, found in start.items():
            lines.append(_LAY.format(path=quoted(root + below)))
            lines += [
                f"$key.SetValue({quoted(value)}, {_expression(kind, data)}, '{kind}')"
                for value, (kind, data) in found.items()
            ]
            lines.append("$key.Dispose()")
        return "\n".join(lines)

    def lay(self, machine: Machine, start: t.Any, name: str) -> None:
        """Make keys and values in the model."""
        for below, found in start.items():
            key = named(PLACE, name) + below
            machine.registry.make(key)
            for value, (kind, data) in found.items():
                machine.registry.set(key, value, kind, bytes(data) if kind in {"Binary", "None"} else data)

    def read_script(self, name: str) -> str:
        """Return the script that lists keys and values."""
        return _READ.format(root=quoted(named(PLACE, name).removeprefix("HKLM:\\")))

    def read(self, machine: Machine, name: str) -> State:
        """List keys and values of the model."""
        key = machine.registry.key(named(PLACE, name))
        return {} if key is None else dict(_shown(key, "."))
