# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the integration team takes out of the Identity Manager server's configuration once an agent is gone."""

from __future__ import annotations

import typing as t

from .wanted import Wanted


def elements(wanted: Wanted) -> t.Iterator[str]:
    """Yield what of the server's XML declares the agent, and what refers to it (vendor pages "Agent", "Job")."""
    if not wanted.identifier:
        return
    yield f'the Agent with Identifier="{wanted.identifier}"'
    yield f'every Connector, Job and Task with Agent="{wanted.identifier}", or give it another agent'
    for client in wanted.clients:
        yield f'the OpenIdClient with Identifier="{client}", unless another agent uses it'
