# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The checks of what the agent's identity may do on its folders, by its effective rights."""

from __future__ import annotations

import typing as t

from .._core.plan import Refused
from .._core.probe import Ask
from .._windows import sddl
from . import questions
from .check import Check, State, verdict
from .wanted import Wanted

_INHERITS_NOTHING = "The folder inherits nothing, so that a right on the working directory does not reach it."


def rights(wanted: Wanted, ask: Ask) -> t.Iterator[Check]:
    """Yield whether the identity may do what it must on each of its folders."""
    needed = questions.used_folders(wanted)
    try:
        sid = wanted.identity.sid(ask)
    except Refused as refusal:
        name, words = f"rights of {wanted.identity.name}", "an account whose rights can be read"
        remedy = "Correct im_agent_identity_username."
        yield Check("folder_rights", name, State.UNKNOWN, "no such account", words, remedy, reason=str(refusal))
        return
    question = questions.rights(wanted)
    answers = dict(zip(question["paths"], ask(question), strict=True))
    for path, right in needed.items():
        answer = answers[path]
        granted = sddl.parse(answer["sddl"], path).granted(wanted.identity.token(sid)) if answer else 0
        enough = granted & sddl.NAMES[right] == sddl.NAMES[right]
        remedy = "Run im_permissions." if answer else "Run im_working_directory."
        causes = (_INHERITS_NOTHING, "Somebody denied or took away a right.") if answer else ()
        found = sddl.words(granted) if answer else "no such folder"
        name = f"rights of {wanted.identity.name} on {path}"
        told = ("", ()) if enough else (remedy, causes)
        yield Check("folder_rights", name, verdict(enough), found, right, *told)
