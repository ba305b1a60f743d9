# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The papers of a play, written on the controller."""

from __future__ import annotations

import typing as t
from pathlib import Path

from .._core.excerpt import around_changes
from .._core.plan import ControllerFile
from .._handover import pages
from . import controller_file
from .controller_action import ControllerAction

ARGUMENT_SPEC: dict[str, t.Any] = {
    "argument_spec": {
        "folder": {"type": "str", "required": True},
        "results": {"type": "dict", "default": {}},
    },
}


class WritingAction(ControllerAction):
    """An action that writes papers. Docs: im_handover.yml."""

    ARGUMENT_SPEC = ARGUMENT_SPEC

    def carry_out(self, folder: Path, arguments: dict[str, t.Any]) -> dict[str, t.Any]:
        """Write the papers that differ; fail, after that, where a server's sheet is missing."""
        results = arguments["results"]
        done = {server: one if isinstance(one, dict) else {} for server, one in sorted(results.items())}
        sheets = [one["sheet"] for one in done.values() if "sheet" in one]
        missing = {
            server: str(one.get("msg") or "nothing was found out") for server, one in done.items() if "sheet" not in one
        }
        papers = {folder / name: text for name, text in pages.files(sheets, missing).items()}
        former = {path: path.read_text("utf-8") if path.is_file() else "" for path in papers}
        differing = [path for path, text in papers.items() if text != former[path]]
        if not self._task.check_mode:
            for path in differing:
                controller_file.replace(ControllerFile(str(path), papers[path].encode("utf-8", "replace")))
        result: dict[str, t.Any] = {"changed": bool(differing), "files": sorted(map(str, papers))}
        if self._task.diff:
            result["diff"] = [
                {"before_header": str(p), "after_header": str(p), "before": before, "after": after}
                for p in differing
                for before, after in [around_changes(former[p], papers[p])]
            ]
        if missing:
            told = "; ".join(f"{server}: {reason}" for server, reason in missing.items())
            result |= {"failed": True, "msg": f"found no papers of some servers, all others were written: {told}"}
        return result
