# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reach a server, or tell why not. Docs: plugins/modules/win_im_ping.yml."""

from __future__ import annotations

from ..plugin_utils._reach import ping
from ..plugin_utils._run.reaching import PingAction


class ActionModule(PingAction):
    """Reach a server, or tell why not."""

    SUBJECT = ping
