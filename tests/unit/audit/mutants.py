"""Rules of the audit whose function is broken: it always says that its rule holds, or always that it does not."""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t
from unittest import mock

from ansible_collections.imops.identity_manager.plugins.plugin_utils._audit import (
    catalogue,
    health_findings,
    plan_findings,
    product_findings,
)
from ansible_collections.imops.identity_manager.plugins.plugin_utils._audit.rule import Finding, State
from ansible_collections.imops.identity_manager.plugins.plugin_utils._run import auditing, inventory_check
from ansible_collections.imops.identity_manager.plugins.plugin_utils._settings.rules import table

PASSES, FAILS = "always passes", "always fails"
Findings = t.Iterable[Finding]
Patches = t.Iterator[t.Any]


@contextlib.contextmanager
def broken(rule: str, way: str) -> t.Iterator[None]:
    """Break the function of a rule, in one of the two ways."""
    with contextlib.ExitStack() as stack:
        for patch in _patches(rule, way):
            stack.enter_context(patch)
        yield


def _patches(rule: str, way: str) -> Patches:
    if rule == catalogue.INVENTORY.id:
        yield _inventory(way)
    elif rule == product_findings.READABLE.id:
        yield mock.patch.object(product_findings, "findings", _wrapped(product_findings.findings, rule, way))
    elif rule.startswith(product_findings.PREFIX):
        yield _product(rule.removeprefix(product_findings.PREFIX), way)
    elif rule.startswith(health_findings.PREFIX):
        yield mock.patch.object(health_findings, "findings", _wrapped(health_findings.findings, rule, way))
    elif rule.startswith("look."):
        yield _look(rule, way)
    else:
        for name in ("of_plan", "refused"):
            yield mock.patch.object(plan_findings, name, _wrapped(getattr(plan_findings, name), rule, way))


def _mutated(found: Findings, rule: str, way: str) -> Findings:
    """Yield findings, of which those of a rule are others, whatever there is."""
    yield from (one for one in found if one.rule != rule)
    yield Finding(rule, State.PASS if way == PASSES else State.FAIL, "" if way == PASSES else "broken")


def _wrapped(function: t.Callable[..., Findings], rule: str, way: str) -> t.Callable[..., Findings]:
    """Return a function of findings whose words about one rule are broken."""

    def said(*arguments: t.Any) -> Findings:
        found = list(function(*arguments))
        is_asked = rule.rpartition(".")[0] in {one.rule.rpartition(".")[0] for one in found}
        return list(_mutated(found, rule, way)) if is_asked else found

    return said


def _look(rule: str, way: str) -> t.Any:
    """Return the patch of what judges an item of the look."""

    def judge(item: t.Any) -> t.Callable[..., Findings]:
        return lambda agent, ask: _mutated(item.judge(agent, ask), rule, way)

    named = {one.id for item in catalogue.ITEMS for one in item.rules}
    if rule not in named:
        raise ValueError(f"no item of the look has the rule {rule}")
    items = tuple(
        dataclasses.replace(item, judge=judge(item)) if rule in {one.id for one in item.rules} else item
        for item in catalogue.ITEMS
    )
    return mock.patch.object(auditing, "ITEMS", items)


def _product(rule: str, way: str) -> t.Any:
    """Return the patch of a rule of the product in its table, where plans use it too."""
    found = () if way == PASSES else (("appsettings.json", "broken", "broken"),)
    rules = tuple(
        dataclasses.replace(one, check=lambda _settings: iter(found)) if one.id == rule else one for one in table.RULES
    )
    return mock.patch.object(table, "RULES", rules)


def _inventory(way: str) -> t.Any:
    """Return the patch of what the inventory's rules say."""

    def said(given: t.Any, variables: t.Any) -> list[t.Any]:
        del given, variables
        return [] if way == PASSES else [inventory_check.Finding("im_agent_broken", "broken")]

    return mock.patch.object(inventory_check, "findings", said)
