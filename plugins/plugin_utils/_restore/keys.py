# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who may use the private keys that the agent's settings name, as it is, and put back as it was: another identity gets
these rights, and the former one loses them.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
import typing as t

from .._agent import secret_files
from .._certificates.in_settings import Named
from .._core import probe
from .._core.plan import Operation
from .._core.probe import Ask, Query
from .._core.touched import STORES
from .._windows import certificate, sddl
from .._windows.certificate import Certificate
from .wanted import Wanted

MODULE = "ansible.windows.win_acl"
LOCATION = "LocalMachine"
_CONTAINER = re.compile(r'"([A-Za-z]:(?:\\\\[^"\\]+)+\.(?:pfx|p12))"', re.IGNORECASE)
_LITERAL = re.compile(r'"(?:[^"\\]|\\.)*"')
Keys = dict[str, dict[str, str]]
"""The rights on each key, by the SID that has them, by the path of its certificate."""


def questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return what has to be known."""
    return tuple(probe.certificates(LOCATION, store) for store in wanted.stores)


def containers(files: t.Mapping[str, str | None]) -> tuple[str, ...]:
    """Return the PFX files that settings name, by their contents in base64."""
    texts = (base64.b64decode(content).decode("utf-8", "replace") for content in files.values() if content)
    return tuple(dict.fromkeys(path.replace("\\\\", "\\") for text in texts for path in _CONTAINER.findall(text)))


def found(wanted: Wanted, files: t.Mapping[str, str | None], ask: Ask) -> Keys:
    """Return the rights on the keys that settings name, by thumbprint or subject, and on others that the same
    identities may use, such as that of the site's certificate.
    """
    values = frozenset(_values(files))
    every = list(_all(wanted, ask))
    named = {path: rights for path, rights, known in every if any(_names(value, known) for value in values)}
    users = {sid for rights in named.values() for sid in rights}.difference(secret_files.ALWAYS)
    return {path: rights for path, rights, _known in every if path in named or not users.isdisjoint(rights)}


def _values(files: t.Mapping[str, str | None]) -> t.Iterator[str]:
    """Yield the texts that settings hold, also where a quote in a comment, or XML, leads the pattern astray."""
    for content in filter(None, files.values()):
        text = base64.b64decode(content).decode("utf-8", "replace")
        for literal in (*_LITERAL.findall(text), *(f'"{part}"' for part in text.split('"'))):
            with contextlib.suppress(ValueError):
                yield json.loads(literal)


def _names(value: str, known: Certificate) -> bool:
    return value.casefold() == known.thumbprint.casefold() or Named(subject=value).matches(known)


def put_back(wanted: Wanted, keys: Keys, ask: Ask) -> list[Operation]:
    """Return what makes the rights those of before; a key that is gone has none."""
    now = {path: rights for path, rights, _known in _all(wanted, ask)}
    operations = []
    for path, rights in keys.items():
        there = now.get(path, rights)
        operations += [_right(path, sid, rights[sid], "present") for sid in rights if there.get(sid) != rights[sid]]
        operations += [_right(path, sid, "FullControl", "absent") for sid in there if sid not in rights]
    return operations


def _all(wanted: Wanted, ask: Ask) -> t.Iterator[tuple[str, dict[str, str], Certificate]]:
    """Yield each certificate that has a key and can be read: its path, the rights on the key, and what is in it."""
    for store in wanted.stores:
        for one in ask(probe.certificates(LOCATION, store)) or ():
            text = (one["key"] or {}).get("sddl")
            if not text:
                continue
            security = sddl.parse(text, one["key"].get("path") or "")
            own = {a.sid: "FullControl" if a.rights == sddl.FULL else "Read" for a in security.aces if a.allows}
            for known in certificate.describe_readable([base64.b64decode(one["certificate"])]):
                yield f"Cert:\\{LOCATION}\\{store}\\{one['thumbprint']}", own, known


def _right(path: str, sid: str, rights: str, state: str) -> Operation:
    arguments = {"path": path, "user": sid, "rights": rights, "type": "allow", "state": state}
    does = "give back" if state == "present" else "take away"
    return Operation(f"{does} the right of {sid} to use the private key of {path}", MODULE, arguments, touches=STORES)
