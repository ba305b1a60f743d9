# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One settings file: as it is, what is changed, and as it will be."""

from __future__ import annotations

import base64
import dataclasses
import json
import typing as t

from .._agent import fingerprint, settings_text
from .._agent.settings_files import AGENT, CYBERARK, GENERAL, MAX_BYTES
from .._core.mask import MASK
from .._core.plan import Diff, Refused
from .._core.probe import Ask
from .._dotnet import json_text
from . import certificate_password, protection
from .certificate_password import Protected
from .protection import Kept
from .shown import leaves
from .tree import with_changes
from .wanted import Wanted


@dataclasses.dataclass(frozen=True)
class File:
    """A settings file: as it is, what is changed, and as it will be."""

    name: str
    text: str
    expect: str
    document: json_text.Document
    changes: dict[str, t.Any] = dataclasses.field(repr=False)
    kept: Kept
    passwords: Protected | None = None

    @property
    def data(self) -> dict[str, t.Any]:
        """Return what it holds now."""
        return {} if self.expect == "absent" else self.document.data

    @property
    def after(self) -> dict[str, t.Any]:
        """Return what it will hold."""
        return json_text.merge(self.document.data, self.changes)


def planned(wanted: Wanted, name: str, changes: dict[str, t.Any], ask: Ask) -> File:
    """Return a settings file and its changes, secrets that are kept elsewhere taken out of it; raises Refused."""
    kept = protection.kept(changes, wanted.choice)
    if name == GENERAL and kept.paths[protection.KEY_VAULT]:
        path = protection.words(kept.paths[protection.KEY_VAULT][0])
        raise Refused(
            f"{path}: a Key Vault holds settings of {AGENT} only: choose another protection for it (option protections)"
        )
    text, expect, document = read(wanted, name, ask)
    for place in _inside_lists(document.data, kept.plain):
        raise Refused(
            f"{wanted.file(name)}: {protection.words(place)}: found a list there, wanted the whole list in the"
            " inventory: single items of a list are neither set nor removed"
        )
    passwords = certificate_password.protected(
        name,
        kept.plain,
        document.data if expect != "absent" else {},
        fingerprint.known(wanted.place.runtime, ask),
        mode=wanted.certificate_password_protection,
        key=wanted.fingerprint_key,
        always=wanted.always,
    )
    return File(name, text, expect, document, passwords.changes, kept, passwords)


def _inside_lists(data: t.Any, changes: dict[str, t.Any], path: tuple[str, ...] = ()) -> t.Iterator[tuple[str, ...]]:
    """Yield the paths of lists that changes reach into, as ``Servers:0`` does."""
    inside = {json_text.fold(key): value for key, value in data.items()}
    for key, change in changes.items():
        found = inside.get(json_text.fold(key))
        if isinstance(change, dict) and isinstance(found, dict):
            yield from _inside_lists(found, change, (*path, key))
        elif isinstance(change, dict) and isinstance(found, list):
            numbered = bool(change) and all(number.isdecimal() for number in change)
            if numbered or json_text.only_removes(change):
                yield (*path, key)


def read(wanted: Wanted, name: str, ask: Ask) -> tuple[str, str, json_text.Document]:
    """Return a file's text, its SHA-256 or absent, and its content; raises Refused for one that .NET would refuse."""
    answer = ask(wanted.place.question(name))
    if answer is None:
        return "{}\r\n", "absent", json_text.parse("{}\r\n")
    path = wanted.file(name)
    if answer["type"] != "file" or answer["content"] is None:
        raise Refused(f"{path}: found a folder, or a file over {MAX_BYTES} bytes, wanted a settings file")
    content = base64.b64decode(answer["content"])
    document = settings_text.document(path, content)
    return content.decode("utf-8"), answer["sha256"], document


def mapping(wanted: Wanted, kept: Kept, ask: Ask) -> File | None:
    """Return the file of CyberArk account names, or None where there is none to write; raises Refused."""
    if wanted.accounts is None:
        if kept.paths[protection.CYBERARK]:
            path = protection.words(kept.paths[protection.CYBERARK][0])
            raise Refused(f"{path}: is to be kept in CyberArk, wanted the option cyberark with its account")
        return None
    tree = protection.mapping(wanted.accounts, kept.paths[protection.CYBERARK])
    text, expect, document = read(wanted, CYBERARK, ask)
    file = File(CYBERARK, text, expect, document, tree, Kept(tree, {}, {}))
    return without_unmanaged(file)


def unmanaged(file: File) -> list[str]:
    """Return the keys of a file that nobody wants, as paths, the highest of each."""
    return sorted(":".join(path) for path in _surplus(file.data, file.changes))


def _surplus(
    data: dict[str, t.Any], changes: dict[str, t.Any], path: tuple[str, ...] = ()
) -> t.Iterator[tuple[str, ...]]:
    wanted = {json_text.fold(key): value for key, value in changes.items()}
    absent = object()
    for key, value in data.items():
        change = wanted.get(json_text.fold(key), absent)
        if change is absent:
            yield (*path, key)
        elif isinstance(value, dict) and isinstance(change, dict):
            yield from _surplus(value, change, (*path, key))


def without_unmanaged(file: File) -> File:
    """Return a file without the keys that nobody wants."""
    changes = file.changes
    for path in _surplus(file.data, file.changes):
        removal: t.Any = json_text.REMOVE
        for key in reversed(path):
            removal = {key: removal}
        changes = with_changes(changes, removal)
    return dataclasses.replace(file, changes=changes)


def diff(wanted: Wanted, file: File) -> Diff:
    """Return a file before and after, what may not be shown masked, a changed one as changed."""
    before, after = (_account_names if file.name == CYBERARK else _settings)(wanted, file)
    return Diff(wanted.file(file.name), _text(before) if file.expect != "absent" else "", _text(after))


def _settings(wanted: Wanted, file: File) -> tuple[t.Any, t.Any]:
    shown = wanted.shown.knowing(wanted.general, wanted.agent, file.data).replacing(file.data, file.after)
    return shown.masked(file.data), shown.masked(file.after, file.data)


def _account_names(wanted: Wanted, file: File) -> tuple[t.Any, t.Any]:
    """Return names of accounts, no passwords; of what others wrote only names that are wanted too."""
    names = {str(value) for _path, value in leaves(file.changes)}
    return _only(file.data, names), file.after


def _only(data: t.Any, texts: t.Container[str]) -> t.Any:
    if isinstance(data, dict):
        return {key: _only(value, texts) for key, value in data.items()}
    if isinstance(data, list):
        return [_only(value, texts) for value in data]
    return data if str(data) in texts else MASK


def _text(data: t.Any) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
