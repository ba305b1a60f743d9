# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The product's rules over the settings that the server has, whatever the inventory wants of them."""

from __future__ import annotations

import typing as t

from .._agent import settings_files, variables
from .._agent.settings_files import AGENT, CONNECTION, CYBERARK, ENCRYPTED_AGENT, ENCRYPTED_GENERAL, GENERAL
from .._core.plan import Refused
from .._core.probe import Ask, NotAnswered
from .._dotnet import configuration
from .._dotnet.json_text import REMOVE
from .._settings.rules import table
from .._settings.rules.rule import Rule as ProductRule
from .._settings.rules.rule import Settings
from .._settings.tree import get
from .._settings.wanted import Wanted
from .rule import Finding, Rule, Severity, State

PREFIX = "product."
READABLE = Rule(
    "product.readable",
    "settings",
    Severity.CRITICAL,
    "Microsoft: Microsoft.Extensions.Configuration.Json",
    "Every settings file can be read by .NET",
    "The agent does not start with a settings file that .NET refuses.",
    "Start the agent by hand in its Runtime folder: dotnet Usercube-Agent.dll",
    "Correct the file that the finding names; a backup of the former one is beside it",
    "troubleshooting.md",
)


def _rule(rule: ProductRule) -> Rule:
    severity = Severity.HIGH if rule.severity == "error" else Severity.MEDIUM
    wanted = rule.wanted.removeprefix("wanted ")
    return Rule(
        PREFIX + rule.id,
        "settings",
        severity,
        f"Netwrix Identity Manager documentation: {rule.page}",
        f"Settings: {wanted.partition(': ')[0][:110]}",
        f"The product demands {wanted}.",
        "Open the file that the finding names in the agent's Runtime folder, at the key that it names",
        "Set im_agent_settings or im_agent_agent_settings, or the variable of this setting, and run im_settings",
        "settings.md",
    )


RULES: tuple[Rule, ...] = (READABLE, *map(_rule, table.RULES))


def on_server(wanted: Wanted, ask: Ask) -> Settings | None:
    """Return the settings that the agent reads on the server, None where it has none.

    Raises:
        Refused: a file that .NET refuses.
        NotAnswered: a file that cannot be read.
    """
    place = wanted.place
    found = {
        name: settings_files.foreign(place, name, ask) for name in settings_files.CHAIN if name != "Azure Key Vault"
    }
    if found[GENERAL] is None and found[AGENT] is None:
        return None
    environment = variables.environment(variables.of_agent(place.runtime, wanted.service_name, ask))
    varied = {
        name: settings_files.foreign(place, settings_files.varied(name, environment), ask) for name in (GENERAL, AGENT)
    }
    tree = configuration.tree
    hidden = {name: settings_files.opaque(found[name] or {}) for name in (ENCRYPTED_GENERAL, ENCRYPTED_AGENT, CYBERARK)}
    try:
        plain_general, plain_agent = tree(found[GENERAL] or {}), tree(found[AGENT] or {})
        general = tree(plain_general, varied[GENERAL] or {}, hidden[ENCRYPTED_GENERAL])
        agent = tree(
            plain_agent, varied[AGENT] or {}, hidden[ENCRYPTED_AGENT], hidden[CYBERARK], found[CONNECTION] or {}
        )
    except configuration.RepeatedKey as error:
        raise Refused(f"found {error.path} twice, wanted it once: .NET refuses such a file") from None
    return Settings(
        general,
        agent,
        plain_general,
        plain_agent,
        choice=wanted.choice,
        encrypted=tuple(name for name in (ENCRYPTED_GENERAL, ENCRYPTED_AGENT) if found[name] is not None),
        mapping=found[CYBERARK] is not None,
        vault=get(general, "AzureKeyVault", "Vault") is not None,
        connectors=wanted.connectors,
        service=wanted.service,
        reverse_proxy=wanted.reverse_proxy,
        wanted_general=_wanted(wanted.general),
        wanted_agent=_wanted(wanted.agent),
    )


def findings(wanted: Wanted, ask: Ask) -> t.Iterator[Finding]:
    """Yield what each of the product's rules says of the server's settings."""
    try:
        settings = on_server(wanted, ask)
    except NotAnswered as failure:
        yield from unknown(f"the server could not answer: {failure}")
        return
    except Refused as refusal:
        yield Finding(READABLE.id, State.FAIL, wanted.place.runtime, "files that .NET reads", str(refusal))
        yield from (one for one in unknown("a settings file cannot be read") if one.rule != READABLE.id)
        return
    if settings is None:
        reason = f"there are no settings files in {wanted.place.runtime}"
        yield from (Finding(rule.id, State.NOT_APPLICABLE, reason=reason) for rule in RULES)
        return
    yield Finding(READABLE.id, State.PASS)
    broken = table.check(settings)
    for one in broken:
        about = f"{one.file}: {one.key}"
        yield Finding(PREFIX + one.rule.id, State.FAIL, about, one.rule.wanted.removeprefix("wanted "), one.found)
    failed = {one.rule.id for one in broken}
    yield from (Finding(PREFIX + rule.id, State.PASS) for rule in table.RULES if rule.id not in failed)


def unknown(reason: str) -> t.Iterator[Finding]:
    """Yield what is said of every rule where the settings are not known."""
    yield from (Finding(rule.id, State.UNKNOWN, reason=reason) for rule in RULES)


def _wanted(tree: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return what the inventory asks of a file, nothing that it removes, and no secret."""
    kept: dict[str, t.Any] = {key: value for key, value in tree.items() if value is not REMOVE}
    hidden = {key: _wanted(value) if isinstance(value, dict) else value for key, value in kept.items()}
    return t.cast("dict[str, t.Any]", settings_files.opaque(hidden))
