"""Command lines, quoted and taken apart as the C runtime does, and the few commands of cmd.exe that are known."""

from __future__ import annotations

import dataclasses
import ntpath
import re

from .computer import Computer

ECHO_STATE = "ECHO is on.\r\n"
"""What ``echo`` says without a text."""


@dataclasses.dataclass(frozen=True)
class Ended:
    """How a program ended, and what it wrote."""

    code: int
    output: str = ""
    errors: str = ""


def quoted(argument: str) -> str:
    """Return an argument for a command line."""
    if not argument:
        return '""'
    if not re.search(r'[\s"]', argument):
        return argument
    argument = re.sub(r'(\\*)"', r'\1\1\\"', argument)
    argument = re.sub(r"(\\+)$", r"\1\1", argument)
    return f'"{argument}"'


def first(line: str) -> tuple[str, str]:
    """Return a command line's program and the rest as it is written; a line that begins with a blank has none."""
    if line.startswith('"'):
        program, _, rest = line[1:].partition('"')
        return program, rest.strip()
    program, _, rest = line.partition(" ")
    return program, rest.strip()


def command_interpreter(computer: Computer, folder: str, rest: str) -> Ended | None:
    """Return what ``cmd.exe`` does with the rest of its command line; None for a command that is not known here.

    Args:
        computer: where it runs.
        folder: the current one.
        rest: of the line, from ``/c`` on.
    """
    option, _, text = rest.partition(" ")
    if option.lower() != "/c" or re.search("[|<>^]", text.replace("1>&2", "")):
        return None
    ended = Ended(0)
    for command in re.split(r"(?<!>)&", computer.environment.expand(text)):
        one = _command(computer, folder, command.lstrip())
        if one is None:
            return None
        ended = Ended(one.code, ended.output + one.output, ended.errors + one.errors)
        if command.split()[:1] == ["exit"]:
            break
    return ended


def _command(computer: Computer, folder: str, command: str) -> Ended | None:
    word, _, rest = command.partition(" ")
    if word.lower() == "echo":
        if not rest.strip():
            return Ended(0, ECHO_STATE)
        redirected = re.fullmatch(r"(.*)1>&2\s*", rest)
        return Ended(0, "", f"{redirected[1]}\r\n") if redirected else Ended(0, f"{rest}\r\n")
    if word.lower() == "exit":
        code = rest.replace("/b", "").strip()
        return Ended(int(code or 0))
    if word.lower() == "cd" and not rest:
        return Ended(0, f"{folder}\r\n")
    if word.lower() == "type":
        path = ntpath.join(folder, rest.strip())
        if computer.files.is_file(path):
            return Ended(0, computer.files.read(path).decode("utf-8", "replace"))
    return None
