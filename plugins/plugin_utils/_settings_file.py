# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One settings file: as it is, what is changed, and as it will be."""

from __future__ import annotations

import base64
import dataclasses
import json
import typing as t

from . import _certificate_password, _fingerprint, _json_text, _mask, _protection
from ._certificate_password import Protected
from ._load_order import AGENT, CYBERARK, GENERAL, MAX_BYTES
from ._plan import Diff, Refused
from ._protection import Kept
from ._questions import Ask
from ._settings_options import with_changes
from ._wanted_settings import Wanted


@dataclasses.dataclass(frozen=True)
class File:
    """A settings file: as it is, what is changed, and as it will be."""

    name: str
    text: str
    expect: str
    document: _json_text.Document
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
        return _json_text.merge(self.document.data, self.changes)


def planned(wanted: Wanted, name: str, changes: dict[str, t.Any], ask: Ask) -> File:
    """Return a settings file and its changes, secrets that are kept elsewhere taken out of it; raises Refused."""
    kept = _protection.kept(changes, wanted.choice)
    if name == GENERAL and kept.paths[_protection.KEY_VAULT]:
        path = _protection.words(kept.paths[_protection.KEY_VAULT][0])
        raise Refused(
            f"{path}: a Key Vault holds settings of {AGENT} only: choose another protection for it (option protections)"
        )
    text, expect, document = read(wanted, name, ask)
    for place in _inside_lists(document.data, kept.plain):
        raise Refused(
            f"{wanted.file(name)}: {_protection.words(place)}: found a list there, wanted the whole list in the"
            " inventory: single items of a list are neither set nor taken away"
        )
    passwords = _certificate_password.protected(
        name,
        kept.plain,
        document.data if expect != "absent" else {},
        _fingerprint.known(wanted.place.runtime, ask),
        mode=wanted.certificate_password_protection,
        key=wanted.fingerprint_key,
        always=wanted.always,
    )
    return File(name, text, expect, document, passwords.changes, kept, passwords)


def _inside_lists(data: t.Any, changes: dict[str, t.Any], path: tuple[str, ...] = ()) -> t.Iterator[tuple[str, ...]]:
    """Yield the paths of lists that changes reach into, as ``Servers:0`` does."""
    inside = {_json_text.fold(key): value for key, value in data.items()}
    for key, change in changes.items():
        found = inside.get(_json_text.fold(key))
        if isinstance(change, dict) and isinstance(found, dict):
            yield from _inside_lists(found, change, (*path, key))
        elif isinstance(change, dict) and isinstance(found, list):
            numbered = bool(change) and all(number.isdecimal() for number in change)
            if numbered or _json_text.only_removes(change):
                yield (*path, key)


def read(wanted: Wanted, name: str, ask: Ask) -> tuple[str, str, _json_text.Document]:
    """Return a file's text, its SHA-256 or absent, and what it says; raises Refused for one that .NET would refuse."""
    answer = ask(wanted.place.question(name))
    if answer is None:
        return "{}\r\n", "absent", _json_text.parse("{}\r\n")
    path = wanted.file(name)
    if answer["type"] != "file" or answer["content"] is None:
        raise Refused(f"{path}: found a folder, or a file over {MAX_BYTES} bytes, wanted a settings file")
    content = base64.b64decode(answer["content"])
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in content[:4]:
        raise Refused(
            f"{path}: found UTF-16, wanted UTF-8, the encoding of the vendor's files. Nothing was written: save the"
            " file as UTF-8"
        )
    try:
        text = content.decode("utf-8")
        return text, answer["sha256"], _json_text.parse(text)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Refused(
            f"{path}, line {line}: found a byte that is not UTF-8 (0x{content[error.start]:02X}, as Windows-1252 writes"
            " letters beyond ASCII), wanted UTF-8, the encoding of the vendor's files. Nothing was written: save the"
            " file as UTF-8"
        ) from None
    except _json_text.BadJson as error:
        raise Refused(f"{path}, {error}. Nothing was written: mend the file, or restore a .bak beside it") from None


def mapping(wanted: Wanted, kept: Kept, ask: Ask) -> File | None:
    """Return the file of CyberArk account names, or None where there is none to write; raises Refused."""
    if wanted.accounts is None:
        if kept.paths[_protection.CYBERARK]:
            path = _protection.words(kept.paths[_protection.CYBERARK][0])
            raise Refused(f"{path}: is to be kept in CyberArk, wanted the option cyberark with its account")
        return None
    tree = _protection.mapping(wanted.accounts, kept.paths[_protection.CYBERARK])
    text, expect, document = read(wanted, CYBERARK, ask)
    file = File(CYBERARK, text, expect, document, tree, Kept(tree, {}, {}))
    return without_unmanaged(file)


def unmanaged(file: File) -> list[str]:
    """Return the keys of a file that nobody wants, as paths, the highest of each."""
    return sorted(":".join(path) for path in _surplus(file.data, file.changes))


def _surplus(
    data: dict[str, t.Any], changes: dict[str, t.Any], path: tuple[str, ...] = ()
) -> t.Iterator[tuple[str, ...]]:
    wanted = {key.lower(): value for key, value in changes.items()}
    for key, value in data.items():
        if key.lower() not in wanted:
            yield (*path, key)
        elif isinstance(value, dict) and isinstance(wanted[key.lower()], dict):
            yield from _surplus(value, wanted[key.lower()], (*path, key))


def without_unmanaged(file: File) -> File:
    """Return a file with every key taken away that nobody wants."""
    changes = file.changes
    for path in _surplus(file.data, file.changes):
        removal: t.Any = _json_text.REMOVE
        for key in reversed(path):
            removal = {key: removal}
        changes = with_changes(changes, removal)
    return dataclasses.replace(file, changes=changes)


def diff(wanted: Wanted, file: File) -> Diff:
    """Return a file before and after, secrets masked, a changed one as changed."""
    path = wanted.file(file.name)
    if file.name == CYBERARK:  # names of accounts, not their passwords
        before = json.dumps(file.data, indent=2, ensure_ascii=False) + "\n" if file.expect != "absent" else ""
        return Diff(path, before, json.dumps(file.after, indent=2, ensure_ascii=False) + "\n")
    shown = json.dumps(_mask.masked(file.data), indent=2, ensure_ascii=False) + "\n" if file.expect != "absent" else ""
    return Diff(path, shown, json.dumps(_mask.masked(file.after, file.data), indent=2, ensure_ascii=False) + "\n")
