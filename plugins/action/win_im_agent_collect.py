# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make a support bundle of an agent. Docs: plugins/modules/win_im_agent_collect.yml."""

from __future__ import annotations

from ..plugin_utils._run.collecting import CollectingAction


class ActionModule(CollectingAction):
    """Make a support bundle of an agent."""
