"""Find names that nobody uses, with vulture: in the plugins among themselves, in the rest with all tests.

What a plugin defines for the tests alone is dead too, so the plugins are read without them. What others look up by name
is listed below with who does; an entry that excuses nothing any more is a finding too.
"""

from __future__ import annotations

import fnmatch
import itertools
import sys
import typing as t
from pathlib import Path

import vulture

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = ("plugins",)
EVERYTHING = ("plugins", "tests", "tools")
REPORTED = ("tests/emulator", "tests/fidelity", "tests/installed", "tools")
"""Folders whose names are judged; pytest finds those of the tests themselves."""
USED_BY_DECORATOR = ("@handles*",)

USED_BY_NAME: dict[str, tuple[str, ...]] = {
    "Ansible loads plugins": (
        "ActionModule",
        "FilterModule",
        "CallbackModule",
        "CALLBACK_NAME",
        "CALLBACK_NEEDS_ENABLED",
        "CALLBACK_TYPE",
        "CALLBACK_VERSION",
        "DOCUMENTATION",
        "filters",
    ),
    "Ansible reports events": ("v2_*",),
    "Ansible names a task's module in messages": ("_resolved_action",),
    "xml.parsers.expat reads its parser's attributes": (
        "CharacterDataHandler",
        "CommentHandler",
        "DefaultHandler",
        "EndCdataSectionHandler",
        "EndElementHandler",
        "ProcessingInstructionHandler",
        "StartCdataSectionHandler",
        "StartDoctypeDeclHandler",
        "StartElementHandler",
        "XmlDeclHandler",
        "buffer_text",
        "ordered_attributes",
    ),
    "socketserver and http.server": (
        "allow_reuse_port",
        "client_address",
        "daemon_threads",
        "handle_error",
        "log_message",
        "protocol_version",
    ),
    "fidelity.worlds takes the class of each file": ("*World",),
    "tools/bench.py reads the fields of a Cost": ("peak_mb", "wall_800"),
    "ast visits nodes and writes them as text": ("annotation", "returns", "visit_*"),
    "sys and zipfile": ("compress_type", "dont_write_bytecode", "pycache_prefix"),
}
"""Names, in which ``*`` stands for any characters, by who looks them up."""


def unused(paths: t.Iterable[Path], excused: t.Iterable[str] = ()) -> list[vulture.core.Item]:
    """Return the names that no file of the paths uses, but for excused ones."""
    found = vulture.Vulture(ignore_names=list(excused), ignore_decorators=list(USED_BY_DECORATOR))
    found.scavenge([str(path) for path in paths])
    return list(found.get_unused_code())


def dead(excused: t.Iterable[str] = ()) -> list[vulture.core.Item]:
    """Return the dead names of the project: of the plugins, then of the rest."""
    reported = [ROOT / folder for folder in REPORTED]
    rest = unused((ROOT / folder for folder in EVERYTHING), excused)
    return unused((ROOT / folder for folder in SHIPPED), excused) + [
        item for item in rest if any(item.filename.is_relative_to(folder) for folder in reported)
    ]


def needless(excused: t.Iterable[str], names: t.Collection[str]) -> list[str]:
    """Return the excuses that match none of the names that are dead without them."""
    return [excuse for excuse in excused if not any(fnmatch.fnmatchcase(name, excuse) for name in names)]


def main() -> int:
    """Print what is dead, and the excuses that are not needed; return 1 if there is either."""
    excused = list(itertools.chain.from_iterable(USED_BY_NAME.values()))
    found = [
        f"{item.filename.relative_to(ROOT)}:{item.first_lineno}: unused {item.typ} {item.name}: remove it, or name who"
        " looks it up in tools/dead_names.py"
        for item in dead(excused)
    ]
    found += [
        f"tools/dead_names.py: {excuse} excuses nothing: remove it"
        for excuse in needless(excused, {item.name for item in dead()})
    ]
    print("\n".join(found) or "no dead names")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
