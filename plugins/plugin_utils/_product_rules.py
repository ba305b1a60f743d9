# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the product demands of its settings, as one table; it runs on the merged settings before anything is written."""

from __future__ import annotations

from . import (
    _certificate_rules,
    _connection_rules,
    _identity_rules,
    _mail_rules,
    _network_rules,
    _place_rules,
    _protection_rules,
)
from ._rule import Finding, Rule, Settings

RULES: tuple[Rule, ...] = (
    *_identity_rules.RULES,
    *_certificate_rules.RULES,
    *_place_rules.RULES,
    *_connection_rules.RULES,
    *_mail_rules.RULES,
    *_network_rules.RULES,
    *_protection_rules.RULES,
)


def check(settings: Settings) -> list[Finding]:
    """Return what does not hold, errors first."""
    found = [Finding(rule, file, key, what) for rule in RULES for file, key, what in rule.look(settings)]
    return sorted(found, key=lambda finding: finding.rule.severity != "error")
