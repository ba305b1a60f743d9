# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a rollout does to each server: playbooks/tasks/rollout/install.yml has the steps of all kinds."""

from __future__ import annotations

import re

from .._core.plan import Refused

KINDS = ("install", "upgrade", "rollback", "renew")
_WHOLE = re.compile(r"[0-9]+(\.[0-9]+){3}")


def check(kind: str, version: str) -> None:
    """Raise Refused for a kind that there is not, and for a rollback to a version that is not told as a whole.

    Args:
        kind: what is done to each server.
        version: the version that a rollback takes.
    """
    if kind not in KINDS:
        raise Refused(f"im_rollout: found {kind!r}, wanted {', '.join(KINDS[:-1])} or {KINDS[-1]}")
    # Without it, a server whose job died after the rollback would be taken to the version that it came from.
    if kind == "rollback" and not _WHOLE.fullmatch(version):
        raise Refused(
            f"im_agent_rollback_version: found {version or 'none'}, and im_rollout 'rollback': wanted the whole version"
            " that all servers take, such as 6.2.1.0, so that a later run knows which of them have it"
        )
