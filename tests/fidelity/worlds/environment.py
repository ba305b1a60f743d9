"""Environment variables of the machine and the user: win_environment."""

from __future__ import annotations

import typing as t

from emulator.handlers.ansible_windows_environment import NAME_WITH_EQUALS, TOO_LONG
from emulator.model.model_engine import NAMELESS
from emulator.windows.machine import Machine
from emulator.windows.system.environment import KEY, USER_KEY
from hypothesis import strategies as st

from ..known import Difference, Known
from ..world import HERE, Sequence, State, Step, World, named, quoted

MODULE = "ansible.windows.win_environment"
PLACES = {"machine": KEY, "user": USER_KEY}
NAMES = (f"{HERE}a", f"{HERE}A", f"{HERE}b", f"{HERE} c", f"{HERE}p\u00e4th", f"{HERE}=x", f"{HERE}{'n' * 255}", "")
VALUES = ("x", "X", "y", "a b;c", "h\u00e4llo", "%SystemDrive%\\x", "%NoSuchVariable%", "", 5, True)

_level = st.sampled_from(("machine", "machine", "machine", "user", "user", "Machine", "system"))
_name, _value = st.sampled_from((*NAMES[:5], *NAMES)), st.sampled_from(VALUES)
ONE = st.fixed_dictionaries(
    {"name": _name, "level": _level},
    optional={"value": _value, "state": st.sampled_from(("present", "present", "absent", "Present", "gone"))},
)
PRESENT = st.fixed_dictionaries({"name": _name, "level": _level, "value": _value, "state": st.just("present")})
ABSENT_ONE = st.fixed_dictionaries({"name": _name, "level": _level, "state": st.just("absent")})
SEVERAL = st.fixed_dictionaries(
    {
        "level": _level,
        "variables": st.dictionaries(
            st.sampled_from((*NAMES[1:5], NAMES[-1])), st.one_of(_value, st.none()), max_size=3
        ),
    }
)
PROCESS = st.fixed_dictionaries({"name": st.just(f"{HERE}own"), "level": st.just("process"), "value": _value})
BAD = st.sampled_from(
    (
        {"level": "machine"},
        {"name": f"{HERE}a"},
        {"level": "machine", "name": f"{HERE}a", "variables": {f"{HERE}a": "x"}},
        {"level": "machine", "state": "absent", "variables": {f"{HERE}a": "x"}},
        {"level": "machine", "variables": "nothing"},
        {"level": "machine", "name": f"{HERE}a", "nonsense": "x"},
    )
)

_READ = """
$name = {name}
$found = [ordered]@{{}}
foreach ($place in @(@('machine', [Microsoft.Win32.Registry]::LocalMachine, {machine}),
    @('user', [Microsoft.Win32.Registry]::CurrentUser, {user}))) {{
  $key = $place[1].OpenSubKey($place[2])
  foreach ($value in $key.GetValueNames()) {{
    if ($value.StartsWith($name)) {{
      $data = $key.GetValue($value, $null, 'DoNotExpandEnvironmentNames')
      $found["$($place[0])|$value"] = [ordered]@{{ kind = $key.GetValueKind($value).ToString(); data = $data }}
    }}
  }}
  $key.Dispose()
}}
ConvertTo-Json $found -Depth 4 -Compress
"""


def _call(check: bool = False, **arguments: t.Any) -> Step:
    return Step(MODULE, {"level": "machine", **arguments}, check)


A = f"{HERE}a"
FIXED = (
    Sequence(
        {"machine": {f"{HERE}b": ["ExpandString", "%SystemDrive%\\x"]}, "user": {}},
        (
            _call(name=A, value="x", state="present", check=True),
            _call(name=A, value="x", state="present"),
            _call(name=f"{HERE}A", value="X", state="present"),
            _call(name=A, value="%SystemDrive%"),
            _call(name=A, state="absent", value="y"),
            _call(name=A, state="present"),
            _call(name=f"{HERE}b", value="C:\\x"),
            _call(name=f"{HERE}b", value=""),
            _call(name="", value="x"),
            _call(variables={f"{HERE}c": 5}),
            _call(variables={f"{HERE}c": None}),
            _call(variables={f"{HERE}c": "x", "": "x"}),
            Step(MODULE, {"level": "user", "name": A, "value": "x"}),
            Step(MODULE, {"level": "system", "name": A, "value": "x"}),
            Step(MODULE, {}),
        ),
    ),
)


def _with_parameter(difference: Difference) -> bool:
    said = str(difference.modelled)
    found = next((text for text in (NAME_WITH_EQUALS, TOO_LONG) if text in said), None)
    return found is not None and str(difference.real) == said.replace(found, f"{found} (Parameter 'variable')")


RIG_ON_NAMELESS = (
    "failure during exec_wrapper: Invalid JSON primitive: The provided JSON includes a property whose name is an empty"
    " string; 5.1 cannot read it."
)


def _another_of_several(difference: Difference) -> bool:
    """Tell whether the value is one that both sides have for another of the call's variables."""
    of = {"before_value": "before", "value": "after"}[difference.field[0]]
    return all(
        difference.real in [status[of] for status in result.get("env_values", {}).values()]
        for result in difference.results
    )


class EnvironmentWorld(World):
    """Variables of the machine and the user whose names begin with the sequence's."""

    name = "environment"
    steps: t.Mapping[str, st.SearchStrategy[Step]] = {
        MODULE: st.one_of(ONE, PRESENT, PRESENT, PRESENT, ABSENT_ONE, SEVERAL, PROCESS, BAD).map(
            lambda arguments: Step(MODULE, arguments)
        )
    }
    fixed = FIXED
    known = (
        Known(
            "the parameter of a bad name",
            (MODULE,),
            ("msg",),
            "engine 7",
            ".NET names the parameter after the message, .NET Framework does not",
            _with_parameter,
        ),
        Known(
            "a key without a name",
            (MODULE,),
            ("msg",),
            "rig",
            "the rig's ConvertFrom-Json refuses it with another message than the cmdlet of Windows PowerShell 5.1",
            lambda d: d.real == RIG_ON_NAMELESS and d.modelled == NAMELESS,
        ),
        *(
            Known(
                f"which of several variables comes last: {field}",
                (MODULE,),
                (field,),
                "engine 7",
                "the module returns it for the last of a hashtable's entries, whose order .NET draws at random",
                _another_of_several,
            )
            for field in ("before_value", "value")
        ),
        *(
            Known(
                f"a variable of the process: {'.'.join(field)}",
                (MODULE,),
                field,
                "rig",
                "one process of the rig answers all calls, so that the variable outlives the call that sets it, and one"
                " of the machine that is set later is not in it",
                lambda d: (
                    d.arguments.get("level") == "process"
                    and all("before_value" in result for result in d.results)
                    and [result["before_value"] for result in d.results].count(None) == 1
                ),
            )
            for field in (
                ("changed",),
                ("before_value",),
                ("values", "*", "changed"),
                ("values", "*", "before"),
                ("env_values", "*", "changed"),
                ("env_values", "*", "before"),
                ("diff", "before", "process", "*"),
            )
        ),
    )

    def start(self) -> st.SearchStrategy[t.Any]:
        """Return kind and data of some variables at each place."""
        stored = st.sampled_from(
            (["String", "x"], ["String", "%SystemDrive%\\x"], ["ExpandString", "%SystemDrive%\\x"])
        )
        some = st.dictionaries(st.sampled_from(NAMES[1:5]), stored, max_size=3)
        return st.fixed_dictionaries({"machine": some, "user": some})

    def lay_script(self, start: t.Any, name: str) -> str:
        """Return the script that sets the variables."""
        lines = []
        for level, variables in start.items():
            hive = "LocalMachine" if level == "machine" else "CurrentUser"
            below = quoted(PLACES[level].partition("\\")[2])
            lines.append(f"$key = [Microsoft.Win32.Registry]::{hive}.CreateSubKey({below})")
            lines += [f"$key.SetValue({quoted(n)}, {quoted(data)}, '{kind}')" for n, (kind, data) in variables.items()]
        return "\n".join(lines)

    def lay(self, machine: Machine, start: t.Any, name: str) -> None:
        """Set the variables in the model."""
        for level, variables in start.items():
            for variable, (kind, data) in variables.items():
                machine.registry.set(PLACES[level], variable, kind, data)

    def read_script(self, name: str) -> str:
        """Return the script that lists the sequence's variables."""
        machine, user = (quoted(place.partition("\\")[2]) for place in (KEY, USER_KEY))
        return _READ.format(name=quoted(name), machine=machine, user=user)

    def read(self, machine: Machine, name: str) -> State:
        """List the sequence's variables of the model."""
        found: State = {}
        for level, place in PLACES.items():
            key = machine.registry.key(place)
            for variable, value in key.values.values() if key else ():
                if variable.startswith(named(HERE, name)):
                    found[f"{level}|{variable}"] = {"kind": value.type, "data": value.data}
        return found
