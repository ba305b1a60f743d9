# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write records and pages of an audit. Docs: plugins/modules/im_report.yml."""

from __future__ import annotations

from ..plugin_utils._run import reporting


class ActionModule(reporting.ReportingAction):
    """Write records and pages of an audit."""

    SUBJECT = reporting
