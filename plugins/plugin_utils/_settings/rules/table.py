# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the product demands of its settings, as one table; it runs on the merged settings before anything is written."""

from __future__ import annotations

from . import certificates, connections, mail, network, places, protection, server
from .rule import Finding, Rule, Settings

RULES: tuple[Rule, ...] = (
    *server.RULES,
    *certificates.RULES,
    *places.RULES,
    *connections.RULES,
    *mail.RULES,
    *network.RULES,
    *protection.RULES,
)


def check(settings: Settings) -> list[Finding]:
    """Return what does not hold, errors first."""
    found = [Finding(rule, file, key, what) for rule in RULES for file, key, what in rule.check(settings)]
    return sorted(found, key=lambda finding: finding.rule.severity != "error")
