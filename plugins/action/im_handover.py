# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write the papers for other people. Docs: plugins/modules/im_handover.yml."""

from __future__ import annotations

from ..plugin_utils._run import writing_papers


class ActionModule(writing_papers.WritingAction):
    """Write the papers for other people."""

    SUBJECT = writing_papers
