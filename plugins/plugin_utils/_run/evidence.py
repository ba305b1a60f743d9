# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a folder of records is what was written: nothing changed, removed, reordered or added."""

from __future__ import annotations

import typing as t
from pathlib import Path

from .._audit import chain
from .._audit.chain import Head
from .._core.plan import Refused
from .controller_action import ControllerAction
from .record_store import Store

ARGUMENT_SPEC: dict[str, t.Any] = {
    "argument_spec": {
        "folder": {"type": "str", "required": True},
        "public_key": {"type": "str"},
        "heads": {"type": "dict", "default": {}},
    },
}
CONSISTENT, AUTHENTIC, BROKEN = "consistent", "authentic", "broken"


class EvidenceAction(ControllerAction):
    """An action that checks records. Docs: im_evidence.yml."""

    ARGUMENT_SPEC = ARGUMENT_SPEC

    def carry_out(self, folder: Path, arguments: dict[str, t.Any]) -> dict[str, t.Any]:
        """Check a folder; fail where something is wrong with it."""
        result = checked(folder, arguments.get("public_key") or "", arguments["heads"])
        if result["evidence"] == BROKEN:
            result |= {
                "failed": True,
                "msg": f"found records that are not what was written: {'; '.join(result['problems'])}",
            }
        return result


def checked(folder: Path, public_key: str, heads: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return a folder's state, what is wrong with each server, and the heads; raises Refused."""
    if not folder.is_dir():
        raise Refused(f"folder: found no folder {folder}, wanted the one of im_audit_folder")
    key = chain.public_key(public_key) if public_key else None
    known = {server: _head(server, given) for server, given in heads.items()}
    store = Store(folder)
    problems: list[str] = []
    found: dict[str, dict[str, t.Any]] = {}
    servers = store.servers()
    for server in servers:
        files = store.contents(server)
        problem = chain.checked(server, files, key, known.get(server))
        if problem:
            problems.append(str(problem))
            continue
        last = max(map(chain.sequence, files), default=0)
        if last:
            found[server] = {"sequence": last, "digest": chain.digest(files[chain.file(last)])}
    for server in known.keys() - set(servers):
        problems.append(f"{server}: all its records were removed: there is no folder {chain.folder(server)}")
    proved = key is not None and servers and known.keys() >= set(found)
    state = BROKEN if problems else AUTHENTIC if proved else CONSISTENT
    return {"changed": False, "evidence": state, "problems": sorted(problems), "heads": found}


def _head(server: str, given: t.Any) -> Head:
    if not isinstance(given, dict) or not str(given.get("sequence", "")).isdigit() or not given.get("digest"):
        raise Refused(f"heads: {server}: found {given!r}, wanted sequence and digest, as im_report returns them")
    return Head(int(given["sequence"]), str(given["digest"]))
