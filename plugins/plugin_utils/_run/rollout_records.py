# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The records of rollouts, as the fleet's page tells of them."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

from .._audit.report import rollouts

NAME = "record.json"


def read(folder: Path) -> tuple[list[dict[str, t.Any]], list[str]]:
    """Return what the page tells of the rollouts of a folder, and a sentence for each record that it cannot tell.

    Args:
        folder: that of ``im_rollout_folder``, with a folder for each rollout; it need not exist.
    """
    found, problems = [], []
    for path in sorted(folder.glob(f"*/{NAME}")):
        try:
            found.append(rollouts.told(json.loads(path.read_bytes())))
        except (OSError, ValueError) as error:
            problems.append(f"the record of a rollout is left out: {path}: {error}")
    return rollouts.newest(found), problems
