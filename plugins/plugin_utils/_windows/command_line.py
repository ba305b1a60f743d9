# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A service's command line as it may be shown: the program, and of its arguments those that hold no secret.

Nothing rests on how Windows divides it: what is not recognised is masked.
"""

from __future__ import annotations

import re

from .._core.mask import MASK

_PROGRAM = re.compile(r'\s*("[^"]*"|.*?\.exe(?=\s|$)|\S+)', re.IGNORECASE)
_HARMLESS = re.compile(r'\s--(?:service|urls\s+(?:"[^"@]*"|[^\s"@]+))(?=\s|$)')


def shown(command: str) -> str:
    """Return a command line with all arguments masked but ``--service`` and ``--urls``, which the agent has."""
    program = _PROGRAM.match(command)
    if program is None:
        return ""
    rest = command[program.end() :]
    known = "".join(found[0] for found in _HARMLESS.finditer(rest))
    hidden = f" {MASK}" if _HARMLESS.sub("", rest).strip() else ""
    return f"{program[1]}{known}{hidden}"
