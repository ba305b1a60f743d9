# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bring key pairs to the server. Docs: plugins/modules/win_im_cert_pair.yml."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible.errors import AnsibleError

from ..plugin_utils import _cert_pairs, _wanted_pair
from ..plugin_utils._action import AgentAction
from ..plugin_utils._plan import Refused


class ActionModule(AgentAction):
    """Bring key pairs to the server."""

    SUBJECT = _cert_pairs

    def completed(self, arguments: dict[str, t.Any]) -> dict[str, t.Any]:
        """Read the containers that are files of the controller, and say where the folder of kept pairs is."""
        for number, pair in enumerate(arguments["pairs"], start=1):
            if pair.get("file"):
                where = f"pairs, entry {number} (use {pair['use']})"
                _wanted_pair.mind_sample(where, pair["file"])
                pair["container_bytes"] = self._content(f"{where}: file", pair["file"])
        if arguments.get("keep"):
            arguments["keep"]["folder"] = self._loader.path_dwim(arguments["keep"]["folder"])
        return arguments

    def _content(self, what: str, file: str) -> bytes:
        """Return a file's bytes, found as Ansible finds files of a role or playbook; opened in memory where it is
        encrypted with ansible-vault, since a decrypted copy would be a key in clear on the controller's disk.
        """
        try:
            path = self._find_needle("files", str(Path(file).expanduser()))  # type: ignore[no-untyped-call]
            return t.cast("bytes", self._loader._get_file_contents(path)[0])
        except AnsibleError as error:
            cause = error.__cause__ or error
            reason = getattr(cause, "strerror", None) or str(cause).partition("\n")[0]
            raise Refused(
                f"{what}: cannot read {file} on the controller: {reason.rstrip('.')}. Wanted an absolute path, or one"
                " from the folder of the playbook or role"
            ) from None
