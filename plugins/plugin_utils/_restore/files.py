# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The files and rights of an agent that a run may change, as they are, and put back as they were: byte for byte."""

from __future__ import annotations

import dataclasses
import typing as t

from .._agent import backups, fingerprint, secret_files
from .._agent.settings_files import CONNECTION, MAX_BYTES, OURS
from .._core import probe
from .._core.plan import Operation, Refused, write, write_file
from .._core.probe import Ask, Query
from .._core.touched import Touched
from .._windows import sddl_text, windows_path
from .wanted import Wanted

WEB_CONFIG = "web.config"
_PATTERNS = (secret_files.SETTINGS, secret_files.WEB_CONFIG)


def _contents(wanted: Wanted) -> dict[str, Query]:
    """Return the question for each file that a run writes, as the tasks that write them ask it."""
    place, web = wanted.place, windows_path.join(wanted.runtime, WEB_CONFIG)
    prints = fingerprint.question(wanted.runtime)
    return {
        **{place.file(name): place.question(name) for name in OURS},
        prints["path"]: prints,
        **({} if wanted.service else {web: probe.file(web)}),
    }


def questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return what has to be known."""
    return (*_contents(wanted).values(), *(secret_files.question(wanted.runtime, one) for one in _PATTERNS))


def contents(wanted: Wanted, ask: Ask) -> dict[str, str | None]:
    """Return the content of each file in base64, by path; raises Refused for a file that is too large."""
    files: dict[str, str | None] = {}
    for path, query in _contents(wanted).items():
        answer = ask(query)
        if answer is not None and answer.get("content") is None:
            raise Refused(
                f"{path}: found a folder, or a file over {query.get('max_bytes', probe.USUAL_BYTES)} bytes, wanted one"
                f" of {MAX_BYTES} bytes at most, so that it can be put back"
            )
        files[path] = None if answer is None else str(answer["content"])
    return files


def rights(wanted: Wanted, containers: t.Iterable[str], ask: Ask) -> dict[str, str]:
    """Return the rights of what is there of folders, files, and ``containers``, PFX files that settings name."""
    paths = (*wanted.folders.all(), *_contents(wanted), wanted.place.file(CONNECTION), *containers)
    return _rights((*paths, *_backups(wanted, ask)), ask)


def _backups(wanted: Wanted, ask: Ask) -> dict[str, str]:
    """Return the backups that this collection has made of these files, each with the file that it is of."""
    there = [path for one in _PATTERNS for path, _text in secret_files.found(wanted.runtime, one, ask)]
    return {path: of for path in there if (of := backups.original(path))}


def _rights(paths: t.Collection[str], ask: Ask) -> dict[str, str]:
    return {answer["path"]: own(answer["sddl"]) for answer in ask(probe.acl(*paths)) if answer is not None}


def own(text: str) -> str:
    """Return owner, protection and own entries of a text in SDDL: what is inherited comes back by itself."""
    parts = sddl_text.split(text)
    entries = [f"({entry})" for entry in parts.entries if "ID" not in _pairs(entry.split(";")[1])]
    flags = "".join(flag for flag in ("P", "AI") if flag in parts.flags)
    return f"O:{parts.owner}D:{flags}{''.join(entries)}" if parts.owner else f"D:{flags}{''.join(entries)}"


def _pairs(flags: str) -> list[str]:
    return [flags[i : i + 2] for i in range(0, len(flags), 2)]


def put_back(
    wanted: Wanted, files: t.Mapping[str, str | None], rights: t.Mapping[str, str], ask: Ask
) -> list[Operation]:
    """Return what makes files and rights those of before."""
    # A backup that the run made is of what was there, and for the same people.
    rights = {**{path: rights[of] for path, of in _backups(wanted, ask).items() if of in rights}, **rights}
    there = _rights(tuple(rights), ask)
    operations = [one for path, text in rights.items() if path not in files for one in _given(path, text, there)]
    for path, content in files.items():
        answer = ask(_contents(wanted)[path])
        if content is None:
            operations += [] if answer is None else [write(f"remove {path}, which was not there", "remove", path=path)]
        elif answer is not None and answer.get("content") == content:
            operations += _given(path, rights[path], there)
        else:
            expect = answer["sha256"] if answer else "absent"
            fields = {"content": content, "expect": expect, "sddl": rights[path]}
            operations.append(write_file(f"put {path} back as it was", path, secret=True, **fields))
    return operations


def _given(path: str, text: str, there: t.Mapping[str, str]) -> list[Operation]:
    if there.get(path) in (None, text):
        return []
    operation = write(f"put the rights of {path} back as they were", "rights", path=path, sddl=text)
    return [dataclasses.replace(operation, touches=Touched(rights=(path,)))]
