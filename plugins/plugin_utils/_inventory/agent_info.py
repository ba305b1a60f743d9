# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a server is, and whether the inventory can be right: every play's first step. Docs: win_im_agent_info.yml."""

from __future__ import annotations

import base64
import dataclasses
import functools
import typing as t

from .._agent import download, runtime_archive
from .._core import probe
from .._core.plan import Plan, Refused
from .._core.probe import Ask, Query
from .._settings import options
from .._windows import iis_config
from . import prefetch, rules

INVENTORY = (
    *("organization", "host_name", "identifier", "server_url", "openid_clients", "default_openid_client"),
    *("hosting", "working_directory", "folders", "archive_source", "archive_checksum"),
    *("hosting_bundle_source", "hosting_bundle_checksum", "hosting_bundle_version", "pool_name"),
    *("site_name", "https_port", "service_name", "service_urls", "identity_username"),
    *("identity_password", "certificates", "connections", "sources_root_paths", "scheduler_enabled"),
    *("settings", "agent_settings", "strict", "backup_count"),
    *("site_protocol", "http_port", "https_proxy", "no_proxy"),
)
"""The variables whose values the rules and the first questions need, without their prefix ``im_agent_``."""
ARGUMENT_SPEC: dict[str, t.Any] = {
    "argument_spec": {
        "inventory": {"type": "dict", "no_log": True},
        "variables": {"type": "bool", "default": False},
        "refresh": {"type": "bool", "default": False},
        "foretell": {"type": "list", "elements": "str", "default": []},
        "ahead": {"type": "list", "elements": "str", "default": []},
    },
}


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What a task wants.

    Attributes:
        inventory: the inventory's variables, by name without the prefix ``im_agent_``; empty when only facts
            are asked for.
        refresh: whether the server is asked again although this run has asked it; done by the action.
        foretell: the roles' entry points whose tasks are foretold, in the order of the play.
        ahead: those that only look, and are carried out at once where nothing is to be done; their questions travel
            with the first probe.
    """

    inventory: t.Mapping[str, t.Any] = dataclasses.field(repr=False)
    refresh: bool
    foretell: tuple[str, ...]
    ahead: tuple[str, ...] = ()

    @classmethod
    def of(cls, arguments: dict[str, t.Any]) -> Wanted:
        """Return what a task wants; raises Refused with every variable that cannot be right."""
        inventory = arguments.get("inventory") or {}
        if inventory:
            problems = rules.problems(inventory)
            if problems:
                raise Refused(f"the inventory is refused, nothing was written. {'; '.join(map(str, problems))}")
        return cls(inventory, arguments["refresh"], tuple(arguments["foretell"]), tuple(arguments["ahead"]))

    @functools.cached_property
    def questions_of_the_play(self) -> tuple[Query, ...]:
        """All that the roles will ask; none without an inventory."""
        return prefetch.questions(self.inventory) if self.inventory else ()


def secrets(arguments: dict[str, t.Any]) -> frozenset[str]:
    """Return the texts that must appear nowhere."""
    inventory = arguments.get("inventory") or {}
    others = {name: value for name, value in inventory.items() if name not in download.PROXY_OPTIONS}
    return options.secrets(others) | download.secrets(inventory)


def questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return all that the play will ask, so that one probe answers it."""
    return (
        probe.policies(),
        probe.iis(),
        probe.file(iis_config.PATH, iis_config.MAX_BYTES),
        *wanted.questions_of_the_play,
    )


def plan(wanted: Wanted, ask: Ask, *, check: bool) -> Plan:
    """Return the facts; nothing is ever changed."""
    del check
    iis = ask(probe.iis())
    configuration = ask(probe.file(iis_config.PATH, iis_config.MAX_BYTES))
    facts: dict[str, t.Any] = {
        "server": ask(probe.host()),
        "recorded": ask(probe.policies()),
        "iis": iis,
        "sites": [],
        "pools": [],
    }
    if configuration:
        parsed = iis_config.parse(iis_config.content(configuration))
        facts["sites"] = [dataclasses.asdict(site) for site in parsed.sites]
        facts["pools"] = [
            {"name": p.name, "attributes": {k: v for k, v in p.attributes.items() if k != "processModel.password"}}
            for p in parsed.pools
        ]
    if wanted.inventory:
        runtime = prefetch.runtime(wanted.inventory)
        marker = ask(probe.file(f"{runtime}\\{runtime_archive.MARKER}"))
        facts["runtime_archive"] = base64.b64decode(marker["content"]).decode().strip() if marker else None
    return Plan(facts={"agent": facts})
