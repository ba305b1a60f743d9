# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Check the records of audits. Docs: plugins/modules/im_evidence.yml."""

from __future__ import annotations

from ..plugin_utils._run import evidence


class ActionModule(evidence.EvidenceAction):
    """Check the records of audits."""

    SUBJECT = evidence
