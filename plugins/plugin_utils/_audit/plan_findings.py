# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A plan as findings: each property that it compares, what refuses it, and what it warns of."""

from __future__ import annotations

import base64
import dataclasses
import typing as t

from .._agent import fingerprint
from .._core.mask import MASK
from .._core.plan import MADE_EARLIER, Diff, Plan
from .._core.probe import Ask, NotAnswered, file
from .._core.warned import WarningKind
from . import properties
from .rule import Finding, Rule, Severity, State

SUBJECTS = {
    "win_im_prerequisites": ("prerequisites", Severity.HIGH, "Windows features and the hosting bundle", "hosting.md"),
    "win_im_working_directory": ("folders", Severity.MEDIUM, "working directory and agent", "install.md"),
    "win_im_cert_pair": ("certificates", Severity.HIGH, "key pairs", "certificates.md"),
    "win_im_apppool": ("pool", Severity.HIGH, "application pool", "hosting.md"),
    "win_im_service": ("service", Severity.HIGH, "Windows service", "hosting.md"),
    "win_im_permissions": ("rights", Severity.HIGH, "rights on the folders", "hosting.md"),
    "win_im_agent_settings": ("settings", Severity.HIGH, "settings files", "settings.md"),
    "win_im_web_config": ("web-config", Severity.HIGH, "web.config", "settings.md"),
    "win_im_site": ("site", Severity.HIGH, "site and bindings", "hosting.md"),
}
"""Subject, severity, what people call it, and the page, by the module that plans it."""
SILENT = frozenset({"folders", "web-config"})
"""Subjects whose plans never warn."""
OWED = "it needs what a refused task would have returned"
AS_WANTED, POSSIBLE, WARNED = "as-wanted", "possible", "warned"
TOLD_BY = {
    WarningKind.DOTNET_SUPPORT: "look.dotnet-support",
    WarningKind.OVERRIDING_FILE: "look.overriding-files",
    WarningKind.READABLE: "look.secrets-readable",
    WarningKind.REBOOT_PENDING: "look.reboot-pending",
    WarningKind.REPLACEABLE: "look.folders-replaceable",
    WarningKind.WRITABLE: "look.folders-writable",
}
"""The rule that judges what a plan warns of, whatever the plan; of Runtime it is look.runtime-writable."""
_OTHERWISE_TOLD = frozenset({*TOLD_BY, WarningKind.PRODUCT_RULE, WarningKind.JOB_RUNS})
"""Of the product's rules each is a rule of the audit too; and that a job runs now says nothing of the server."""


def _rules(subject: str, severity: Severity, what: str, page: str) -> t.Iterator[Rule]:
    look = "ansible-playbook imops.identity_manager.install --check --diff --limit SERVER"
    install = "ansible-playbook imops.identity_manager.install --limit SERVER"
    basis = "the inventory"
    yield Rule(
        f"{subject}.{AS_WANTED}",
        subject,
        severity,
        basis,
        f"The {what}: each property is as the inventory wants it",
        "The server is not what its inventory describes: it was changed by hand, or was never brought up to date.",
        look,
        f"{install}, or change the variable that the finding names",
        page,
    )
    yield Rule(
        f"{subject}.{POSSIBLE}",
        subject,
        Severity.HIGH,
        basis,
        f"The {what} can become what the inventory wants",
        "An installation or a change is refused as a whole, so that no other correction reaches the server either.",
        look,
        "Do what the finding says: it names what was found, what is wanted and the variable",
        "troubleshooting.md",
    )
    if subject in SILENT:
        return
    yield Rule(
        f"{subject}.{WARNED}",
        subject,
        Severity.LOW,
        basis,
        f"Nothing is to be said of the {what}",
        "It works as it is, but the collection warns of it at every run.",
        look,
        "Do what the warning says",
        page,
    )


RULES: tuple[Rule, ...] = tuple(rule for about in SUBJECTS.values() for rule in _rules(*about))


def subject_of(module: str) -> str:
    """Return the subject of a module, by its short or full name; empty for one that plans nothing."""
    found = SUBJECTS.get(module.rpartition(".")[2])
    return found[0] if found else ""


def of_plan(subject: str, plan: Plan, ask: Ask, key: str) -> t.Iterator[Finding]:
    """Yield what a plan says of its subject.

    Args:
        subject: which one.
        plan: made from what the server answered.
        ask: answers questions that were asked.
        key: of fingerprints; empty for none.
    """
    yield Finding(f"{subject}.{POSSIBLE}", State.PASS)
    compared = [finding for diff in plan.diffs for finding in _compared(subject, diff, plan, ask, key)]
    if plan.changed and all(finding.state is State.PASS for finding in compared):
        compared += [
            Finding(f"{subject}.{AS_WANTED}", State.FAIL, one.does, "done", "to be done") for one in plan.operations
        ]
    yield from compared or [Finding(f"{subject}.{AS_WANTED}", State.PASS)]
    warned = [warning for warning in plan.warnings if warning.kind not in _OTHERWISE_TOLD]
    for warning in warned:
        about = f"{warning.kind}: {warning.about}" if warning.about else str(warning.kind)
        yield Finding(f"{subject}.{WARNED}", State.FAIL, about, "no warning", warning)
    if not warned and subject not in SILENT:
        yield Finding(f"{subject}.{WARNED}", State.PASS)


def refused(subject: str, text: str, variable: str = "", place: str = "") -> tuple[Finding, ...]:
    """Return what is said of a subject whose plan is refused."""
    why = "its plan is refused"
    return (
        Finding(f"{subject}.{POSSIBLE}", State.FAIL, variable, "a plan", text, variable=variable, place=place),
        *(one for one in unknown(subject, why) if not one.rule.endswith(f".{POSSIBLE}")),
    )


def unknown(subject: str, reason: str) -> tuple[Finding, ...]:
    """Return what is said of a subject that has no plan."""
    names = (AS_WANTED, POSSIBLE) if subject in SILENT else (AS_WANTED, POSSIBLE, WARNED)
    return tuple(Finding(f"{subject}.{name}", State.UNKNOWN, reason=reason) for name in names)


def without_owed(found: t.Iterable[Finding]) -> list[Finding]:
    """Return findings of which those are unknown that compare with what a refused task would have returned."""
    return [
        dataclasses.replace(one, state=State.UNKNOWN, expected="", reason=OWED)
        if one.state is State.FAIL and MADE_EARLIER in one.expected
        else one
        for one in found
    ]


def _compared(subject: str, diff: Diff, plan: Plan, ask: Ask, key: str) -> t.Iterator[Finding]:
    before, after = properties.pair(diff.before, diff.after)
    raw_before, raw_after = _raw(diff.title, plan, ask) if key else ({}, {})
    for name in sorted({*before, *after}):
        found = before.get(name, properties.ABSENT)
        wanted = after.get(name, properties.ABSENT)
        about = f"{diff.title}: {name}"
        yield Finding(
            f"{subject}.{AS_WANTED}",
            State.PASS if found == wanted else State.FAIL,
            about,
            wanted,
            found,
            wanted_print=_print(key, about, wanted, raw_after.get(name)),
            actual_print=_print(key, about, found, raw_before.get(name)),
        )


def _raw(path: str, plan: Plan, ask: Ask) -> tuple[dict[str, str], dict[str, str]]:
    """Return the properties of a settings file as it is and as it will be, nothing masked; they are only for
    fingerprints.
    """
    if not path.lower().endswith(".json"):
        return {}, {}
    try:
        answer = ask(file(path, 8 * 2**20))
    except NotAnswered:
        return {}, {}
    before = _decoded((answer or {}).get("content"))
    contents = (one.arguments.get("content") for one in plan.operations if one.arguments.get("path") == path)
    after = _decoded(next(filter(None, contents), None)) or before
    return properties.of(before), properties.of(after)


def _decoded(content: str | None) -> str:
    return base64.b64decode(content or "").decode("utf-8-sig", "replace")


def _print(key: str, about: str, shown: str, raw: str | None) -> str:
    """Return a value's fingerprint; empty where it is masked and nobody can read it."""
    if not key or (raw is None and MASK in shown):
        return ""
    return fingerprint.of(key, about, raw if raw is not None else shown)[:32]
