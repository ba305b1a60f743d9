# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lines for people while a rollout goes on. Docs: rollout_progress.yml."""

from __future__ import annotations

import typing as t

from ansible import constants as C
from ansible.plugins.callback import CallbackBase

from ..plugin_utils._fleet import progress

ACTIONS = ("imops.identity_manager.im_rollout", "im_rollout")
COLOURS = {
    "done": "COLOR_OK",
    "was_down": "COLOR_SKIP",
    "failed": "COLOR_ERROR",
    "rolled_back": "COLOR_ERROR",
    "lost": "COLOR_UNREACHABLE",
}
"""Outcomes, and the setting of Ansible that has the colour of each."""


class CallbackModule(CallbackBase):
    """Shows the events that the results of im_rollout hold; everything else is left to the other callbacks."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "imops.identity_manager.rollout_progress"
    CALLBACK_NEEDS_ENABLED = True

    def v2_runner_on_ok(self, result: t.Any) -> None:
        """Show what a step of the rollout tells."""
        self._show(result)

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        """Show what a step of the rollout tells, such as that a server failed."""
        self._show(result)

    def _show(self, result: t.Any) -> None:
        told = result._result
        if result._task.action not in ACTIONS or told.get("_ansible_no_log"):
            return
        for event in told.get("rollout_events") or []:
            line = progress.line(event)
            if line:
                setting = COLOURS.get(str(event.get("outcome")))
                self._display.display(line, color=C.config.get_config_value(setting) if setting else None)
