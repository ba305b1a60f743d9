"""What the model runs of PowerShell and cmd.exe, and what it refuses to guess."""

from __future__ import annotations

import pytest
from emulator.windows.commands import command_line, scripts
from emulator.windows.machine import Machine

UNREADABLE = ("Get-Process", '"text $x"', "if ($true) { 1 }", "$Ansible.Other = 1", "1 + 1", "$x", "'a' 'b'")


@pytest.mark.parametrize("script", UNREADABLE)
def test_a_script_that_is_not_all_literals_is_refused(script):
    with pytest.raises(scripts.Unreadable):
        scripts.run(script, {}, "C:\\", check=False)


def test_a_parameter_that_nobody_declares_is_refused():
    with pytest.raises(scripts.Unreadable):
        scripts.run("param($A) $A", {"B": 1}, "C:\\", check=False)


def test_a_list_is_unrolled_once_and_shown_to_its_depth():
    ran = scripts.run("@(1, @(2, @{k = 'v'})); ,@(3)", {}, "C:\\", check=False)
    assert ran.output == [1, [2, {"k": "v"}], [3]]
    assert scripts.shown(ran.output, 1) == [1, [2, "System.Collections.Hashtable"], [3]]
    assert scripts.shown(ran.output, 0) == [1, "2 System.Collections.Hashtable", "3"]


@pytest.mark.parametrize(
    ("argument", "expected"),
    [("a", "a"), ("", '""'), ("a b", '"a b"'), ('say "x"', '"say \\"x\\""'), ("a\\b c\\", '"a\\b c\\\\"')],
)
def test_an_argument_is_quoted_as_the_c_runtime_reads_it(argument, expected):
    assert command_line.quoted(argument) == expected


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ("/c echo a& exit 3& echo b", (3, "a\r\n", "")),
        ("/c echo oops 1>&2", (0, "", "oops \r\n")),
        ("/c cd", (0, "C:\\x\r\n", "")),
    ],
)
def test_commands_of_cmd(rest, expected):
    ended = command_line.command_interpreter(Machine("srv"), "C:\\x", rest)
    assert ended is not None
    assert (ended.code, ended.output, ended.errors) == expected


@pytest.mark.parametrize("rest", ["/k echo a", "/c dir", "/c echo a | sort", "/c echo a > b"])
def test_a_command_that_is_not_known_is_not_guessed(rest):
    assert command_line.command_interpreter(Machine("srv"), "C:\\x", rest) is None
