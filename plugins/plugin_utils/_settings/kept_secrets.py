# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secrets of the settings for which the inventory has the word ``kept``: the server's values take their place."""

from __future__ import annotations

import dataclasses
import typing as t

from .._agent.settings_files import AGENT, ENCRYPTED_AGENT, ENCRYPTED_GENERAL, GENERAL
from .._core.kept import KEPT, is_kept, nothing
from .._core.plan import Refused
from .._core.probe import Ask
from .._dotnet.json_text import fold
from . import certificate_password, protection, settings_file
from .protection import Path, words
from .wanted import Wanted

_ELSEWHERE = {protection.CYBERARK, protection.KEY_VAULT}
"""Where nobody asks the server: the value is in a vault, and what is written needs no value."""


def resolved(wanted: Wanted, ask: Ask) -> Wanted:
    """Return what is wanted with the server's values in the place of ``kept``.

    The word stays where the server shows nobody the value: in an encrypted file or a vault, or made by the tool.

    Raises:
        Refused: the server has no value, or one that does not fit what is wanted.
    """
    trees = {GENERAL: wanted.general, AGENT: wanted.agent}
    return dataclasses.replace(
        wanted,
        general=_filled(wanted, GENERAL, trees[GENERAL], ENCRYPTED_GENERAL, ask),
        agent=_filled(wanted, AGENT, trees[AGENT], ENCRYPTED_AGENT, ask),
    )


def _filled(wanted: Wanted, name: str, changes: dict[str, t.Any], encrypted: str, ask: Ask) -> dict[str, t.Any]:
    if KEPT not in _texts(changes):
        return changes
    data = settings_file.read(wanted, name, ask)[2].data
    hidden = set(protection.leaves(settings_file.read(wanted, encrypted, ask)[2].data))

    def filled(value: t.Any, path: Path) -> t.Any:
        if isinstance(value, dict):
            return {key: filled(inner, (*path, *protection.parts(key))) for key, inner in value.items()}
        if isinstance(value, list):
            return [filled(inner, (*path, str(number))) for number, inner in enumerate(value)]
        mode = protection.place(wanted.choice, path, value) if is_kept(value) else None
        if mode is None:
            return value
        found = _at(data, path)
        if _is_tools(wanted, name, path):
            if not found:
                raise nothing(f"{wanted.file(name)}: {words(path)}")
            return value
        if found or isinstance(found, bool | int):
            return found
        if mode in _ELSEWHERE or (mode == protection.ENCRYPTED and tuple(map(str.lower, path)) in hidden):
            return value
        raise nothing(f"{wanted.file(name)}: {words(path)}")

    return t.cast("dict[str, t.Any]", filled(changes, ()))


def _is_tools(wanted: Wanted, name: str, path: Path) -> bool:
    """Tell whether the vendor's tool makes what stands there."""
    if wanted.certificate_password_protection == certificate_password.PLAIN:
        return False
    return tuple(map(fold, path)) in {tuple(map(fold, one)) for one in certificate_password.PATHS[name]}


def _texts(data: t.Any) -> set[str]:
    if isinstance(data, dict):
        return {text for value in data.values() for text in _texts(value)}
    if isinstance(data, list):
        return {text for value in data for text in _texts(value)}
    return {data} if isinstance(data, str) else set()


def _at(data: t.Any, path: Path) -> t.Any:
    """Return the value at a path; None for none, and for a section."""
    for key in path:
        if isinstance(data, list):
            data = data[int(key)] if key.isdecimal() and int(key) < len(data) else None
        elif isinstance(data, dict):
            data = {fold(name): value for name, value in data.items()}.get(fold(key))
        else:
            return None
    return None if isinstance(data, dict | list) else data


def check_encrypted(file: str, secrets: t.Any, *, stays: bool) -> bool:
    """Tell whether an encrypted file stays as it is because its secrets are kept.

    Args:
        file: its path.
        secrets: what it shall hold.
        stays: whether it holds the wanted keys, for the wanted key pair.

    Raises:
        Refused: it would have to be written, and nobody knows the values that are kept.
    """
    texts = _texts(secrets)
    if KEPT not in texts:
        return False
    if texts != {KEPT} or not stays:
        why = "other keys, or another key pair, are wanted" if texts == {KEPT} else "some of its values are given"
        raise Refused(
            f"{file}: found secrets to keep in an encrypted file that would have to be written again, since {why};"
            " nobody can read the values back: give all of them, or keep all"
        )
    return True
