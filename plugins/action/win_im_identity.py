# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Look whom the agent runs as, and who may do what on its folders. Docs: plugins/modules/win_im_identity.yml."""

from __future__ import annotations

from ..plugin_utils._run.action import AgentAction
from ..plugin_utils._server import identity_look


class ActionModule(AgentAction):
    """Look whom the agent runs as, and who may do what on its folders."""

    SUBJECT = identity_look
