"""Programs and scripts that are run: win_command, win_powershell.

Both sides can carry what is drawn: a few commands of ``cmd.exe``, and scripts of
``emulator/windows/commands/scripts.py``. Not among it are text for a console that is not ASCII, since Wine's has a code
page of its own, and scripts that fail: the rig words their error records for itself.
"""

from __future__ import annotations

import base64
import re
import typing as t

from emulator.handlers.ansible_windows_commands import FOLDER, NO_FILE, NO_PATH
from emulator.windows.commands.command_line import ECHO_STATE
from hypothesis import strategies as st

from ..known import Difference, Known
from ..tree import PLACE, Tree, TreeWorld
from ..world import HERE, Sequence, Step

COMMAND, SCRIPT = (f"ansible.windows.{name}" for name in ("win_command", "win_powershell"))
TREE: Tree = {
    PLACE: None,
    f"{PLACE}\\a b": None,
    f"{PLACE}\\a.ps1": {"content": base64.b64encode(b"'from a file'").decode()},
    f"{PLACE}\\a.txt": {"content": base64.b64encode(b"hello\r\n").decode()},
}
LINES = (
    "echo hello",
    "echo  two   blanks ",
    'echo "quoted text"',
    "echo oops 1>&2",
    "exit 0",
    "exit 3",
    "exit /b 7",
    "cd",
    f"type {PLACE}\\a.txt",
    "echo one& echo two& exit 5",
)
PROGRAMS = (
    "cmd.exe",
    "cmd.exe",
    "cmd",
    "CMD.EXE",
    '"cmd.exe"',
    "C:\\windows\\system32\\cmd.exe",
    "C:\\none\\x.exe",
    "none",
)
WORDS = ("echo", "a", "a b", 'say "x"', "back\\slash", "", "a\\b c\\", "%SystemDrive%")

_paths = st.sampled_from((f"{PLACE}\\a.txt", f"{PLACE}\\none", PLACE, f"{PLACE}\\a b", f"%SystemDrive%\\fid\\{HERE}"))
_options: dict[str, st.SearchStrategy[t.Any]] = {
    "creates": _paths,
    "removes": _paths,
    "chdir": st.sampled_from((PLACE, f"{PLACE}\\a b", f"{PLACE}\\none", f"{PLACE}\\a b\\..")),
    "stdin": st.sampled_from(("", "text\r\n")),
    "output_encoding_override": st.sampled_from(("utf-8", "us-ascii")),
}


def _some(required: dict[str, st.SearchStrategy[t.Any]]) -> st.SearchStrategy[dict[str, t.Any]]:
    """Return arguments without further options often, with one or two sometimes."""
    one = st.sampled_from(tuple(_options)).flatmap(lambda key: st.fixed_dictionaries({**required, key: _options[key]}))
    return st.one_of(st.fixed_dictionaries(required), st.fixed_dictionaries(required), one, one)


_line = st.tuples(st.sampled_from(PROGRAMS), st.sampled_from(LINES)).map(lambda two: f"{two[0]} /c {two[1]}")
RAW = st.sampled_from(("_raw_params", "_raw_params", "cmd")).flatmap(lambda key: _some({key: _line}))
PADDED = _line.map(lambda line: {"_raw_params": f"  {line} "})
ARGV = _some(
    {
        "argv": st.tuples(
            st.sampled_from((*PROGRAMS[:3], *PROGRAMS[5:])), st.lists(st.sampled_from(WORDS), max_size=3)
        ).map(lambda two: [two[0], "/c", "echo", *two[1]])
    }
)
BAD = st.sampled_from(
    (
        {},
        {"cmd": "cmd.exe /c exit 0", "argv": ["cmd.exe", "/c", "cd"]},
        {"_raw_params": "cmd.exe /c exit 0", "cmd": "cmd.exe /c exit 0"},
        {"cmd": " cmd.exe /c exit 0"},
        {"_raw_params": "  "},
        {"argv": []},
        {"cmd": "cmd.exe /c exit 0", "nonsense": 1},
    )
)


STATEMENTS = (
    "'a'; 1; $null; $true; 1.5",
    "@{a = 1; b = 'x y'}",
    "@(1, 'two', @{three = 3})",
    ",@(1, 2)",
    "'it''s; $true'",
    "@{a = @{b = @{c = @{d = 1}}}}",
    "$Ansible.Changed = $false",
    "$Ansible.Changed = $false\n'after'",
    "$Ansible.Failed = $true; 'out'",
    "$Ansible.Result = 'text'",
    "$Ansible.Result = @{a = @{b = @(1, @{c = 2})}}",
    "$Ansible.Diff.before = 'a'; $Ansible.Diff.after = @{x = @(1, 2)}",
    "$Ansible.Diff = 'no table'",
    "Write-Warning 'careful'; 'done'",
)
PROCESSES = tuple(
    f"[CmdletBinding(SupportsShouldProcess)]param() {rest}"
    for rest in ("$Ansible.CheckMode", "$Ansible.Changed = $false; $Ansible.CheckMode", "'x'")
)
_script_options: dict[str, st.SearchStrategy[t.Any]] = {
    "creates": st.sampled_from((f"{PLACE}\\a.txt", f"{PLACE}\\none", PLACE)),
    "removes": st.sampled_from((f"{PLACE}\\a.txt", f"{PLACE}\\none", PLACE)),
    "depth": st.sampled_from((0, 1, 2, 3, 5, "2", "deep")),
    "error_action": st.sampled_from(("stop", "continue", "silently_continue", "Stop", "halt")),
    "chdir": st.just(PLACE),
}
_with_an_option = st.sampled_from(tuple(_script_options)).flatmap(
    lambda key: st.fixed_dictionaries({"script": st.sampled_from((*STATEMENTS, *PROCESSES)), key: _script_options[key]})
)
PLAIN = st.sampled_from((*STATEMENTS, *PROCESSES)).map(lambda script: {"script": script})
WITH_PARAMETERS = st.fixed_dictionaries(
    {"script": st.sampled_from(("param($A, $B) $A; $B", "param($A, $B) @($A, $B)"))},
    optional={
        "parameters": st.dictionaries(
            st.sampled_from(("A", "b")), st.sampled_from(("x", 5, True, [1, "two"], {"k": [1]}, "")), max_size=2
        ),
        "depth": st.sampled_from((0, 1, 3)),
    },
)
ELSEWHERE = st.fixed_dictionaries({"script": st.just("(Get-Location).Path"), "chdir": st.just(f"{PLACE}\\a b")})
BAD_SCRIPTS = st.sampled_from(
    (
        {},
        {"path": f"{PLACE}\\none.ps1", "remote_src": True},
        {"path": f"{PLACE}\\a.ps1", "remote_src": True},
        {"path": f"{PLACE}\\a.ps1", "script": "1"},
        {"script": "1", "nonsense": 1},
        {"script": ""},
    )
)


def _call(check: bool = False, **arguments: t.Any) -> Step:
    return Step(COMMAND, arguments, check)


FIXED = (
    Sequence(
        {},
        (
            _call(_raw_params="cmd.exe /c echo hello "),
            _call(cmd="cmd /c exit 3"),
            _call(argv=["C:\\windows\\system32\\cmd.exe", "/c", "echo", "a b", ""]),
            _call(argv=["cmd.exe", "/c", "echo", "%SystemDrive%", "a%NoSuchVariable%", 'say "%OS%"']),
            _call(_raw_params="cmd.exe /c echo oops 1>&2", chdir=PLACE),
            _call(_raw_params="cmd.exe /c cd", chdir=PLACE),
            _call(_raw_params="cmd.exe /c cd", chdir=f"{PLACE}\\none"),
            _call(_raw_params="cmd.exe /c cd", creates=f"{PLACE}\\a.txt"),
            _call(_raw_params="cmd.exe /c cd", removes=f"{PLACE}\\none"),
            _call(_raw_params="none.exe x"),
            _call(argv=["none", "x y"]),
            _call(cmd=" cmd.exe /c cd"),
            _call(argv=["cmd.exe", "/c", "echo"]),
            _call(_raw_params="cmd.exe /c cd", check=True),
            _call(),
        ),
    ),
    Sequence(
        {},
        (
            *(Step(SCRIPT, {"script": script}) for script in STATEMENTS),
            *(Step(SCRIPT, {"script": script}, check=True) for script in (STATEMENTS[0], PROCESSES[1])),
            Step(SCRIPT, {"script": STATEMENTS[5], "depth": 0}),
            Step(SCRIPT, {"script": "param($A, $B) $A; $B", "parameters": {"A": [1, "two"], "B": {"k": [1]}}}),
            Step(SCRIPT, {"script": "1", "creates": f"{PLACE}\\a.txt"}),
            Step(SCRIPT, {"script": "1", "removes": f"{PLACE}\\none"}),
            Step(SCRIPT, {"path": f"{PLACE}\\none.ps1", "remote_src": True}),
            Step(SCRIPT, {"path": f"{PLACE}\\a.ps1", "remote_src": True}),
            Step(SCRIPT, {}),
            Step(SCRIPT, {"script": ""}),
            Step(SCRIPT, {"script": ""}, check=True),
        ),
    ),
)


def _no_program(difference: Difference) -> bool:
    said = str(difference.modelled)
    return str(difference.real) in {
        said.replace(windows, wine)
        for windows, wine in ((NO_FILE, "File not found."), (NO_PATH, "Path not found."))
        if windows in said
    }


def _rigs_folder(difference: Difference) -> bool:
    return (
        "chdir" not in difference.arguments
        and str(difference.modelled).strip() == FOLDER
        and str(difference.real).startswith("Z:\\")
        and str(difference.real).strip().endswith("\\shared\\powershell")
    )


def _case_of_path(difference: Difference) -> bool:
    real, modelled = str(difference.real), str(difference.modelled)
    return real == modelled.replace("C:\\Windows\\system32\\", "C:\\windows\\system32\\")


class CommandsWorld(TreeWorld):
    """A folder in which programs run."""

    name = "commands"
    always = TREE
    steps: t.Mapping[str, st.SearchStrategy[Step]] = {
        COMMAND: st.one_of(RAW, RAW, RAW, ARGV, ARGV, PADDED, BAD).map(lambda arguments: Step(COMMAND, arguments)),
        SCRIPT: st.one_of(PLAIN, PLAIN, _with_an_option, _with_an_option, WITH_PARAMETERS, ELSEWHERE, BAD_SCRIPTS).map(
            lambda arguments: Step(SCRIPT, arguments)
        ),
    }
    fixed = FIXED
    known = (
        Known(
            "message for a missing program",
            (COMMAND,),
            ("msg",),
            "Wine",
            "Wine has different texts for errors 2 and 3",
            _no_program,
        ),
        *(
            Known(
                f"the initial folder: {'.'.join(field)}",
                (module,),
                field,
                "rig",
                "the rig's PowerShell is in its own folder when a module starts, not in the user's",
                _rigs_folder,
            )
            for module, field in ((COMMAND, ("stdout",)), (SCRIPT, ("output", "0")))
        ),
        Known(
            "the state of echo",
            (COMMAND,),
            ("stdout",),
            "Wine",
            "Wine prints a different text for an echo without arguments",
            lambda d: (d.real, d.modelled) == ("Echo is ON\r\n", ECHO_STATE),
        ),
        Known(
            "case of the search path",
            (COMMAND,),
            ("cmd",),
            "Wine",
            "Wine writes the folders of Path in lower case",
            _case_of_path,
        ),
        Known(
            "case of the search path in a message",
            (COMMAND,),
            ("msg",),
            "Wine",
            "Wine writes the folders of Path in lower case, and the message has the command",
            _case_of_path,
        ),
    )

    def same(self, field: tuple[str, ...], real: t.Any, modelled: t.Any) -> bool:
        """Times of a run are the same when both are times."""
        shapes = {"delta": r"\d+:\d\d:\d\d\.\d{6}", "start": r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}"}
        shape = shapes.get({"end": "start"}.get(field[0], field[0])) if len(field) == 1 else None
        return shape is not None and all(re.fullmatch(shape, str(value)) for value in (real, modelled))
