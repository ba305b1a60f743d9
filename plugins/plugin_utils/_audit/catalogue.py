# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""All rules of the audit, by their ids."""

from __future__ import annotations

from . import health_findings, plan_findings, product_findings
from .look import drives, files, key_pairs, rights, windows
from .look.item import Item
from .rule import Rule, Severity

ITEMS: tuple[Item, ...] = (rights.ITEM, key_pairs.ITEM, windows.ITEM, drives.ITEM, files.ITEM)
INVENTORY = Rule(
    "inventory.sound",
    "inventory",
    Severity.HIGH,
    "this collection: docs/variables.md",
    "The variables of the server can be right",
    "No run reaches this server: its inventory is refused before anything is sent.",
    "ansible-playbook imops.identity_manager.install --check --limit SERVER",
    "Correct the variable that the finding names",
    "variables.md",
)
RULES: dict[str, Rule] = {
    rule.id: rule
    for rule in (
        INVENTORY,
        *plan_findings.RULES,
        *product_findings.RULES,
        *health_findings.RULES,
        *(rule for item in ITEMS for rule in item.rules),
    )
}
