# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The certificates that the agent uses: when they end, and whether their keys are strong."""

from __future__ import annotations

import base64
import datetime
import typing as t

from ..._certificates import in_settings
from ..._core import probe
from ..._core.probe import Ask, Query
from ..._windows import certificate, iis_config
from ..._windows.certificate import Certificate
from ..rule import Finding, Severity, State
from .item import Agent, Findings, Item, rule

PAGE = "certificates.md"
STORE = "LocalMachine\\My"
_TEXTS = (
    "RFC 5280, 4.1.2.5",
    "No certificate that the agent uses ends within {} days",
    "With an expired certificate browsers and servers refuse the agent, and what was encrypted with it is not opened.",
    r"Get-ChildItem Cert:\LocalMachine\My | Format-List Subject, Thumbprint, NotAfter",
    "ansible-playbook imops.identity_manager.renew --limit SERVER; a pair of your own authority: bring the new one",
)


def _ends(days: int, severity: Severity) -> t.Any:
    basis, title, why, check, remedy = _TEXTS
    name = f"certificate-ends-{days}"
    return rule(name, "certificates", severity, basis, title.format(days), why, check, remedy, PAGE)


ENDS = {7: _ends(7, Severity.CRITICAL), 30: _ends(30, Severity.HIGH), 90: _ends(90, Severity.MEDIUM)}
WEAK = rule(
    "weak-key",
    "certificates",
    Severity.HIGH,
    "NIST SP 800-57 Part 1 and SP 800-131A",
    "Keys have at least 2048 bits, and signatures no MD5 or SHA-1",
    "Weak keys and hashes can be forged; Windows and browsers refuse more of them with every update.",
    r"certutil -store My",
    "Set renew: always for the pair in im_agent_certificates for one run, or ask your authority for another one",
    PAGE,
)
_WEAK_HASHES = ("md5", "sha1")
_LEAST_BITS = 2048


def _questions(agent: Agent) -> tuple[Query, ...]:
    del agent
    return (
        probe.certificates(),
        probe.registry(iis_config.TLS_ADDRESSES, depth=1),
        probe.registry(iis_config.TLS_NAMES, depth=1),
    )


def _judge(agent: Agent, ask: Ask) -> Findings:
    now = datetime.datetime.fromtimestamp(agent.now, datetime.UTC)
    for use, found in _used(agent, ask):
        about = f"{use}: {found.subject}, thumbprint {found.thumbprint}"
        left = found.days_left(now)
        for days, one in ENDS.items():
            if left < days:
                actual = (
                    f"valid until {found.not_after:%Y-%m-%d}, {left} days"
                    if left >= 0
                    else (f"expired on {found.not_after:%Y-%m-%d}")
                )
                yield Finding(one.id, State.FAIL, about, f"valid for {days} days or more", actual)
                break
        if 0 < found.bits < _LEAST_BITS:
            yield Finding(WEAK.id, State.FAIL, about, f"{_LEAST_BITS} bits", f"{found.bits} bits")
        if found.signature_hash in _WEAK_HASHES and found.subject != found.issuer:
            yield Finding(WEAK.id, State.FAIL, f"{about}, signature", "SHA-256", found.signature_hash)


def _used(agent: Agent, ask: Ask) -> t.Iterator[tuple[str, Certificate]]:
    """Yield the certificates of the computer's store that settings or bindings of this agent name, with their use."""
    named = in_settings.by_use(agent.runtime, ask)
    addresses, names = (ask(query) for query in _questions(agent)[1:])
    served = iis_config.served(addresses, names)
    bound = {
        one.thumbprint for endpoint, one in served.items() if endpoint.partition(":")[0] == agent.host_name.lower()
    }
    held = ask(probe.certificates()) or []
    for found in certificate.describe_readable(base64.b64decode(one["certificate"]) for one in held):
        uses = [use for use, name in named.items() if name.matches(found)]
        if found.thumbprint in bound:
            uses.append("server")
        if uses:
            yield " and ".join(sorted(set(uses))), found


def used(agent: Agent, ask: Ask) -> list[dict[str, str]]:
    """Return the certificates in use, for the time line of the page."""
    return [
        {"use": use, "subject": one.subject, "thumbprint": one.thumbprint, "until": one.not_after.isoformat()}
        for use, one in _used(agent, ask)
    ]


ITEM = Item((*ENDS.values(), WEAK), _questions, _judge)
