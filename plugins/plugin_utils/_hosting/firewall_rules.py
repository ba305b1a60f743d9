# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether Windows' firewall lets a TCP port in, read from the registry: settings and rules, local and by group policy.

The text of a rule is described in [MS-GPFAS] 2.2.2.19, the settings of a profile in 2.2.3.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from .._core import probe
from .._core.probe import Ask, NotAnswered, Query
from .._core.warned import Warned, WarningKind

# Belief [firewall-registry]: local rules and settings are here, in the form that [MS-GPFAS] gives those of group
# policy.
LOCAL = "HKLM:\\SYSTEM\\CurrentControlSet\\Services\\SharedAccess\\Parameters\\FirewallPolicy"
POLICY = "HKLM:\\SOFTWARE\\Policies\\Microsoft\\WindowsFirewall"
RULES = "FirewallRules"
SETTINGS = ("EnableFirewall", "DefaultInboundAction", "DoNotAllowExceptions", "AllowLocalPolicyMerge")
KEYS = {"domain": ("DomainProfile",), "private": ("PrivateProfile", "StandardProfile"), "public": ("PublicProfile",)}
HTTP_SYS = "System"
"""The program that a rule for IIS names: HTTP.sys listens in the kernel."""
CHOICES = ("report", "ignore")
_FOLDERS = {"systemroot": "C:\\Windows", "windir": "C:\\Windows", "programfiles": "C:\\Program Files"}
_NOT_OURS = frozenset({"apppkgid", "luown"})
"""Fields with which a rule is for an app of the store, or for a user's."""
_SOME_ONLY = frozenset(
    {"ra4", "ra42", "ra6", "ra62", "la4", "la42", "la6", "la62", "rport", "if", "iftype", "security"}
)
"""Fields with which a rule is for some clients, addresses or networks only."""


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What the firewall does with a port in one profile of networks.

    Attributes:
        port: the port.
        profile: domain, private or public.
        open: whether everybody is let in.
        why: in words.
    """

    port: int
    profile: str
    open: bool
    why: str


def is_checked(arguments: t.Mapping[str, t.Any]) -> bool:
    """Tell whether a task's options ask for a check of the firewall."""
    return bool(arguments["state"] != "absent" and arguments["firewall"] == CHOICES[0])


def questions(ports: t.Collection[int]) -> tuple[Query, ...]:
    """Return what has to be asked about ports: nothing where there are none."""
    if not ports:
        return ()
    match = _pattern(ports)
    return (
        probe.registry(LOCAL, *SETTINGS, depth=1),
        probe.registry(f"{LOCAL}\\{RULES}", match=match),
        probe.registry(POLICY, *SETTINGS, depth=1),
        probe.registry(f"{POLICY}\\{RULES}", match=match),
    )


def _pattern(ports: t.Collection[int]) -> str:
    """Return an expression for active rules about TCP that may concern a port: hundreds of others are not sent."""
    listed = "|".join(map(str, sorted(ports)))
    about = rf"(?=.*\|LPort=({listed})\|)|(?=.*\|LPort2_10=)|(?!.*\|LPort=)"
    return rf"^(?=.*\|Active=TRUE\|)(?=.*\|Dir=In\|)(?!.*\|Protocol=(?!6\|))({about})"


def verdicts(ports: t.Collection[int], program: str, ask: Ask) -> tuple[Verdict, ...]:
    """Return what the firewall does with each port in each profile; nothing where the registry cannot be read.

    Args:
        ports: TCP ports.
        program: what listens there: ``HTTP_SYS``, or a program's path.
        ask: gives the answers to ``questions(ports)``.
    """
    asked = questions(ports)
    try:
        local, local_rules, policy, policy_rules = (ask(query) for query in asked) if asked else (None,) * 4
    except NotAnswered:
        return ()
    if local is None and policy is None:
        return ()
    found = []
    for profile, keys in KEYS.items():
        settings = _settings(local, keys) | _settings(policy, keys)
        rules = _rules(policy_rules)
        if settings.get("AllowLocalPolicyMerge", 1) != 0:
            rules = {**_rules(local_rules), **rules}
        found += [_verdict(port, profile, settings, rules, program) for port in sorted(ports)]
    return tuple(found)


def warning(found: t.Iterable[Verdict], domain: str | None) -> tuple[Warned, ...]:
    """Return the sentence about ports that are closed in the profiles of this server's networks, or nothing.

    Args:
        found: the verdicts.
        domain: the server's domain: where it has one, its networks are the domain's; else private or public.
    """
    closed: dict[int, list[str]] = {}
    for verdict in found:
        if not verdict.open and (verdict.profile == "domain") == bool(domain):
            closed.setdefault(verdict.port, []).append(f"{verdict.profile}: {verdict.why}")
    if not closed:
        return ()
    ports = "; ".join(f"port {port} ({', '.join(whys)})" for port, whys in closed.items())
    text = (
        f"the server's firewall does not admit everybody to {ports}: browsers may not reach the agent. Open it, as"
        " docs/hosting.md says, or set firewall (im_site_firewall, im_service_firewall) to ignore if another product"
        " filters the traffic"
    )
    return (Warned(text, WarningKind.PORT_CLOSED),)


def shown(found: t.Iterable[Verdict]) -> list[dict[str, t.Any]]:
    """Return verdicts as a module's result."""
    return [dataclasses.asdict(verdict) for verdict in found]


def _settings(answer: t.Mapping[str, t.Any] | None, keys: t.Sequence[str]) -> dict[str, int]:
    children = {name.lower(): key for name, key in ((answer or {}).get("children") or {}).items()}
    found: dict[str, int] = {}
    for key in reversed(keys):
        for name, value in (children.get(key.lower()) or {"values": {}})["values"].items():
            known = next((s for s in SETTINGS if s.lower() == name.lower()), None)
            if known and isinstance(value["data"], int):
                found[known] = value["data"]
    return found


def _rules(answer: t.Mapping[str, t.Any] | None) -> dict[str, dict[str, list[str]]]:
    """Return rules by id: their fields in lower case, each with all its values."""
    found = {}
    for name, value in (answer or {"values": {}})["values"].items():
        fields: dict[str, list[str]] = {}
        for part in str(value["data"]).split("|"):
            key, separator, text = part.partition("=")
            if separator:
                fields.setdefault(key.lower(), []).append(text)
        found[name] = fields
    return found


def _verdict(
    port: int, profile: str, settings: t.Mapping[str, int], rules: t.Mapping[str, t.Any], program: str
) -> Verdict:
    if settings.get("EnableFirewall", 1) == 0:
        return Verdict(port, profile, True, "the firewall is off")
    if settings.get("DoNotAllowExceptions", 0) == 1:
        return Verdict(port, profile, False, "all incoming connections are blocked, whatever the rules say")
    ours = {name: rule for name, rule in rules.items() if _concerns(rule, port, profile, program)}
    blocks = [name for name, rule in ours.items() if _first(rule, "action") == "block"]
    if blocks:
        return Verdict(port, profile, False, f"rule {_name(blocks[0], ours)} blocks it")
    allows = [name for name, rule in ours.items() if _first(rule, "action") in {"allow", "bypass"}]
    everybody = [name for name in allows if not _SOME_ONLY & set(ours[name])]
    if everybody:
        return Verdict(port, profile, True, f"rule {_name(everybody[0], ours)} lets it in")
    if settings.get("DefaultInboundAction", 1) == 0:
        return Verdict(port, profile, True, "what no rule names is let in")
    if allows:
        return Verdict(port, profile, False, f"rule {_name(allows[0], ours)} lets it in for some only")
    return Verdict(port, profile, False, "no rule lets it in")


def _concerns(rule: t.Mapping[str, list[str]], port: int, profile: str, program: str) -> bool:
    if _first(rule, "active") != "true" or _first(rule, "dir") != "in" or _first(rule, "protocol") not in {"6", ""}:
        return False
    if _NOT_OURS & set(rule) or _first(rule, "svc") not in {"", "*"}:
        return False
    if "profile" in rule and profile not in {name.lower() for name in rule["profile"]}:
        return False
    app = _first(rule, "app")
    if app and _expanded(app) != program.lower():
        return False
    ranges = [text.split("-") for text in rule.get("lport2_10", ())]
    within = any(low.isdigit() and high.isdigit() and int(low) <= port <= int(high) for low, high in ranges)
    return within or str(port) in rule.get("lport", ()) or ("lport" not in rule and not ranges)


def _first(rule: t.Mapping[str, list[str]], name: str) -> str:
    return (rule.get(name) or [""])[0].lower()


def _expanded(path: str) -> str:
    return re.sub(r"%(\w+)%", lambda match: _FOLDERS.get(match[1].lower(), match[0]), path).lower()


def _name(key: str, rules: t.Mapping[str, t.Mapping[str, list[str]]]) -> str:
    """Return the name that people gave a rule; a built-in one has only a reference, so its id."""
    given = (rules[key].get("name") or [key])[0]
    return key if given.startswith("@") else f"'{given}'"
