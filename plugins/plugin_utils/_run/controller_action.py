# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What actions share that work on a folder of the controller and reach no server."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from .._core.plan import Refused
from .held_files import HeldFiles


class ControllerAction(ActionBase):
    """An action with an option ``folder``; it takes an ``ARGUMENT_SPEC`` and carries out."""

    ARGUMENT_SPEC: t.ClassVar[dict[str, t.Any]]
    _supports_check_mode = True
    _supports_async = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Check the options and carry out; what is refused fails the task."""
        super().run(tmp, task_vars)
        _checked, arguments = self.validate_argument_spec(**self.ARGUMENT_SPEC)  # type: ignore[no-untyped-call]  # as in action.py
        folder = Path(HeldFiles(self).folder(arguments["folder"]))
        try:
            return self.carry_out(folder, arguments)
        except Refused as refusal:
            raise AnsibleActionFail(str(refusal)) from None

    def carry_out(self, folder: Path, arguments: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return the task's result; raises Refused.

        Args:
            folder: the option ``folder`` as an absolute path; a relative one is beside the inventory,
                since the playbook may be one of the installed collection, which an upgrade replaces.
            arguments: all options.
        """
        raise NotImplementedError
