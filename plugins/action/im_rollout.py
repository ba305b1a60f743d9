# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Take one step of a rollout. Docs: plugins/modules/im_rollout.yml."""

from __future__ import annotations

from ..plugin_utils._run import rolling


class ActionModule(rolling.RollingAction):
    """Take one step of a rollout."""

    SUBJECT = rolling
