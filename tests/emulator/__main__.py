"""The command line: start a fleet, or ask a running one. `python -m emulator --help` says how."""

from __future__ import annotations

import asyncio
import sys
import typing as t

from .command_line import NoAnswer, ask, parser

if t.TYPE_CHECKING:
    import argparse


def main(words: t.Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    options = parser().parse_args(words)
    if options.command == "serve":
        return _serve(options)
    try:
        print(ask(options))
    except NoAnswer as problem:
        print(f"emulator: {problem}", file=sys.stderr)
        return 1
    return 0


def _serve(options: argparse.Namespace) -> int:
    # Imported here, since it takes half a second that the commands need not wait for.
    from .process.powershell import Crashed, Unavailable
    from .scenario.server import BadScenario
    from .serving import serve

    try:
        asyncio.run(serve(options))
    except (BadScenario, Crashed, Unavailable, OSError) as problem:
        print(f"emulator: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
