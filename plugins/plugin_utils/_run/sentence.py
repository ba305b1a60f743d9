# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A refusal's sentence, "found ..., wanted ...: do ...", in its parts."""

from __future__ import annotations

import re

_WANTED = re.compile(r"[,;:.] [Ww]anted ")
_TO_DO = re.compile(
    r"(?:[;:.]|, and) (?=(?:then )?(?:add|ask|call|change|check|choose|close|copy|correct|create|delete|export|fix|free"
    r"|give|grant|install|keep|leave|let|list|make|move|name|omit|put|remove|rename|repair|restart|run|set|start|stop"
    r"|update|use|wait|write)\b)"
)
"""What stands before what to do, which begins with a verb."""
_IN_SPEC = (
    (r"value of ([\w.]+) must be one of: (.+), got: (.+?)(?: found in .+)?", r"found '\3', wanted one of \2"),
    (r"([\w.]+)\. Supported parameters include: (.+?)\.?", r"found the key \1, wanted one of \2"),
    (r"missing required arguments?: (.+?)(?: found in (.+))?", r"found no \1, wanted it to be there"),
    (
        r"(?:argument|Elements value for option) '?([\w.]+)'? .*(?:type|convert to:?) <?(?:class )?'?(\w+).*",
        r"found something else in \1, wanted a value of the type \2",
    ),
)
"""What Ansible says of arguments that do not fit a module, and how a refusal says it."""


def parts(text: str) -> tuple[str, str, str]:
    """Return what was found, what was wanted and what to do; empty for what a sentence does not have."""
    wanted = _WANTED.search(text)
    found = text[: wanted.start()] if wanted else text
    found = found.rpartition("found ")[2]
    if not wanted:
        remedy = _TO_DO.search(found)
        return (found[: remedy.start()], "", found[remedy.end() :].rstrip(".")) if remedy else (found, "", "")
    rest = text[wanted.end() :]
    remedy = _TO_DO.search(rest)
    if not remedy:
        return found, rest.rstrip("."), ""
    return found, rest[: remedy.start()], rest[remedy.end() :].rstrip(".")


def complete(text: str, variable: str) -> str:
    """Return a sentence that tells what to do: itself where it does, else with the advice to correct its variable.

    Args:
        text: the sentence.
        variable: what it is about, with the path inside it, as ``im_agent_certificates, entry 2``; empty for nothing.
    """
    if parts(text)[2]:
        return text
    name, _comma, entry = variable.partition(", ")
    what = f"{entry} of {name}" if entry else name or "it"
    return f"{text.rstrip('.')}: correct {what} and run again"


def of_arguments(text: str) -> str:
    """Return what Ansible says of arguments as a refusal's sentence; another text as it is."""
    for pattern, words in _IN_SPEC:
        found = re.fullmatch(pattern, text, re.DOTALL)
        if found:
            return found.expand(words)
    return text
