# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bring key pairs to the server. Docs: plugins/modules/win_im_cert_pair.yml."""

from __future__ import annotations

from ..plugin_utils import _cert_pairs
from ..plugin_utils._action import AgentAction


class ActionModule(AgentAction):
    """Bring key pairs to the server."""

    SUBJECT = _cert_pairs
