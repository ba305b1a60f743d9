# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How an agent is hosted, as variables: its site and pool, or its service, and whom it runs as."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from .._core import probe
from .._core.probe import Ask
from .._windows import account_name, iis_config
from .._windows.iis_config import Binding, Served
from .agents import Agent
from .variable import Description, Secret

_URLS = re.compile(r"--urls[= ]\s*(?:\"(?P<quoted>[^\"]*)\"|(?P<plain>\S+))", re.IGNORECASE)
_USUAL_URLS = ["http://localhost:5000"]
_START_MODES = {"delayed": "delayed", "manual": "manual", "disabled": "disabled"}
SNI = 1
_TOO_MUCH = {account_name.LOCAL_SYSTEM, account_name.NETWORK_SERVICE}


@dataclasses.dataclass(frozen=True)
class Hosting:
    """What other parts of the description need.

    Attributes:
        served: the certificate of the https binding; None where there is none.
        https: whether the agent listens on https.
        host_name: by which name it is reached; empty where nothing says so.
    """

    served: Served | None
    https: bool
    host_name: str


def of_site(agent: Agent, described: Description, ask: Ask) -> Hosting:
    """Describe an agent under IIS."""
    site = agent.site
    if site is None:
        raise ValueError("the agent is not under IIS")
    source = f"{iis_config.PATH}, site {site.name}"
    described.add("im_agent_hosting", "iis", source, "iis")
    described.add("im_agent_site_name", site.name, source, f"Identity Manager Agent{described.organization}")
    described.add("im_agent_pool_name", site.pool, source, f"Identity Manager {described.organization}")
    _pool_identity(agent, described)
    for path in site.applications:
        described.beyond.append(f"the application {path} of site {site.name}: it stays as it is")
    served = iis_config.served(
        ask(probe.registry(iis_config.TLS_ADDRESSES, depth=1)), ask(probe.registry(iis_config.TLS_NAMES, depth=1))
    )
    return _bindings(site.bindings, served, described, source)


def _pool_identity(agent: Agent, described: Description) -> None:
    attributes: t.Mapping[str, t.Any] = agent.pool.attributes if agent.pool else {}
    kind, user = attributes.get("processModel.identityType"), str(attributes.get("processModel.userName") or "")
    source = f"{iis_config.PATH}, pool {agent.pool.name if agent.pool else ''}"
    if kind == "SpecificUser" and user:
        _account(user, described, source)
        return
    _own_identity(described, source)
    if kind not in {None, "ApplicationPoolIdentity"}:
        described.beyond.append(
            f"the pool runs as {kind}, which may do more than the agent needs: it gets the pool's own identity"
        )


def _own_identity(described: Description, source: str) -> None:
    for name in ("username", "password"):
        described.add(f"im_agent_identity_{name}", "", source, "")


def _account(user: str, described: Description, source: str) -> None:
    described.add("im_agent_identity_username", user, source)
    password = Secret() if account_name.of(user).has_password else ""
    described.add("im_agent_identity_password", password, f"{source}; Windows does not give it back", "")


def main_binding(bindings: t.Sequence[Binding]) -> Binding | None:
    """Return the binding that a site is described by: if possible for https, and with a host name; None for none."""
    secure = [binding for binding in bindings if binding.protocol == "https"]
    found = secure or list(bindings)
    return next((binding for binding in found if binding.host), next(iter(found), None))


def urls(command: str) -> list[str]:
    """Return the addresses that a service's command line names."""
    found = _URLS.search(command)
    return [url for url in (found["quoted"] or found["plain"]).split(";") if url] if found else []


def _bindings(
    bindings: t.Sequence[Binding], served: t.Mapping[str, Served], described: Description, source: str
) -> Hosting:
    """Describe the bindings: by port and host name where there is one for all addresses, else one by one."""
    main = main_binding(bindings)
    if main is None:
        described.lacking.append("a binding of the site: it has none, so one for https is created")
        return Hosting(None, True, "")
    https = main.protocol == "https"
    described.add("im_agent_site_protocol", main.protocol, source, "https")
    port, usual = ("im_agent_https_port", 443) if https else ("im_agent_http_port", 80)
    described.add(port, main.port, source, usual)
    for binding in bindings:
        if ":" in binding.address:
            described.beyond.append(
                f"the IPv6 binding {binding.key}: the site's module cannot set or remove such a one"
            )
    flags = SNI if main.protocol == "https" else 0
    if len(bindings) > 1 or main.address != "*" or not main.host or main.ssl_flags != flags:
        described.add("im_site_bindings", [_binding(b, served) for b in bindings if ":" not in b.address], source)
    return Hosting(served.get(main.endpoint) if https else None, https, main.host.lower())


def _binding(binding: Binding, served: t.Mapping[str, Served]) -> dict[str, t.Any]:
    found: dict[str, t.Any] = {"protocol": binding.protocol, "port": binding.port, "host_name": binding.host.lower()}
    if binding.address != "*":
        found["ip"] = binding.address
    if binding.protocol != "https":
        return found
    if bool(binding.host) != bool(binding.ssl_flags & SNI):
        found["sni"] = bool(binding.ssl_flags & SNI)
    certificate = served.get(binding.endpoint)
    if certificate:
        found["certificate_thumbprint"] = certificate.thumbprint
        if certificate.store.lower() != "my":
            found["certificate_store"] = certificate.store
    return found


def of_service(agent: Agent, described: Description, ask: Ask) -> Hosting:
    """Describe an agent that is a Windows service."""
    source = f"the service {agent.service}"
    described.add("im_agent_hosting", "service", source)
    described.add("im_agent_service_name", agent.service, source, f"IdentityManagerAgent{described.organization}")
    found = ask(probe.service(agent.service)) or {}
    listed = urls(agent.command)
    if listed:
        described.add("im_agent_service_urls", listed, f"{source}, its command line", _USUAL_URLS)
    if not listed:
        described.beyond.append("the service's command line has no --urls: it gets those of im_agent_service_urls")
    described.add("im_agent_service_start_mode", _START_MODES.get(found.get("start_mode", ""), "auto"), source, "auto")
    usual = f"Identity Manager Agent {described.organization}"
    described.add("im_service_display_name", found.get("display_name") or usual, source, usual)
    own = account_name.of_service(agent.service).lower()
    if agent.account and agent.account.lower() != own:
        _service_account(agent.account, described, source)
    else:
        _own_identity(described, source)
    host = next((name for url in listed if (name := _host(url))), "")
    return Hosting(None, any(url.lower().startswith("https") for url in listed), host)


def _service_account(account: str, described: Description, source: str) -> None:
    name = account_name.of(account)
    problem = name.service_problem() or ("may do more than the agent needs" if name.sid in _TOO_MUCH else "")
    if problem:
        described.beyond.append(f"the service runs as {account}, which {problem}: it gets the service's own account")
        _own_identity(described, source)
    else:
        _account(account, described, source)


def _host(url: str) -> str:
    """Return the host name of an address to listen on; empty for one that is none."""
    found = re.match(r"https?://([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)(?::|/|$)", url)
    return found[1].lower() if found and not re.fullmatch(r"[\d.]+", found[1]) else ""
