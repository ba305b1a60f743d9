# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An agent's application pool and site as they are, and what puts them back as they were."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core import probe
from .._core.plan import Operation
from .._core.probe import Ask, Query
from .._hosting import application_pool, http_sys, site, wanted_pool, wanted_site
from .._windows import account_name, iis_config, iis_states
from .._windows.iis_config import Binding
from .wanted import Wanted

_IDENTITY, _USER = "processModel.identityType", "processModel.userName"


def questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return what has to be known."""
    asked = (*application_pool.questions(_pool(wanted, {})), *site.questions(_site(wanted, {})))
    return tuple({probe.key(query): query for query in asked}.values())


def found(wanted: Wanted, ask: Ask) -> tuple[dict[str, t.Any], dict[str, t.Any]]:
    """Return the pool's attributes and the site's values; empty ones where one of both is not there."""
    answer = ask(probe.file(iis_config.PATH, iis_config.MAX_BYTES))
    if answer is None:
        return {}, {}
    iis = iis_config.parse(iis_config.content(answer))
    pool, present = iis.pool(wanted.pool), iis.site(wanted.site)
    if pool is None or present is None:
        return {}, {}
    served = iis_config.served(
        ask(probe.registry(iis_config.TLS_ADDRESSES, depth=1)), ask(probe.registry(iis_config.TLS_NAMES, depth=1))
    )
    values = {
        "path": present.path,
        "pool": present.pool,
        "preload": present.preload,
        "bindings": [_with_certificate(binding, served) for binding in present.bindings],
        "served": sorted(served),
    }
    return dict(pool.attributes), values


def _with_certificate(binding: Binding, served: t.Mapping[str, iis_config.Served]) -> dict[str, t.Any]:
    now = served.get(binding.endpoint) if binding.protocol == "https" else None
    shown = {"thumbprint": now.thumbprint if now else None, "store": now.store if now else "My"}
    return {**dataclasses.asdict(binding), **shown}


def asks(wanted: Wanted, pool: t.Mapping[str, t.Any], values: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return where the site answers, an https binding first, and whom its pool runs as."""
    bindings = sorted(values["bindings"], key=lambda one: one["protocol"] != "https")
    first = bindings[0] if bindings else {"protocol": "https", "host": "", "address": "*", "port": 443}
    address = "127.0.0.1" if first["address"] == "*" else first["address"]
    identity = {"account": pool[_USER]} if pool[_IDENTITY] == "SpecificUser" else {"pool": wanted.pool}
    where = {"scheme": first["protocol"], "host_name": first["host"], "address": address, "port": first["port"]}
    return {**where, "identity": identity}


def put_back(wanted: Wanted, pool: dict[str, t.Any], values: dict[str, t.Any], ask: Ask) -> tuple[list[Operation], str]:
    """Return what sets the stopped pool and its site as they were, and what is not set, in words; raises Refused."""
    kept, told = _possible(wanted, pool, ask)
    stopped = dataclasses.replace(_pool(wanted, kept), state="stopped")
    pool_plan, site_plan = (
        application_pool.changes(stopped, ask, check=False),
        site.plan(_site(wanted, values), ask, check=False),
    )
    # Neither is anything of before: the stop is the step's own, and backups that nobody wants go with the next run.
    unwanted = iis_config.unwanted_backups(ask, wanted.backup_count)
    sets = [one for one in pool_plan.operations if not iis_states.is_ordered(one)]
    sets += [one for one in site_plan.operations if one not in unwanted]
    return [*sets, *_surplus(wanted, values["served"], ask)], told


def _surplus(wanted: Wanted, served: t.Collection[str], ask: Ask) -> t.Iterator[Operation]:
    """Yield the removal of certificates that the run gave to HTTP.sys for a binding of the site which is not kept."""
    iis = iis_config.parse(iis_config.content(ask(probe.file(iis_config.PATH, iis_config.MAX_BYTES))))
    for endpoint, sni in http_sys.endpoints(wanted.site, iis, ask):
        if endpoint.lower() not in served:
            yield http_sys.without_certificate(endpoint, sni=sni)


def _possible(wanted: Wanted, pool: dict[str, t.Any], ask: Ask) -> tuple[dict[str, t.Any], str]:
    """Return the attributes without an account whose password nobody knows, as Windows gives none back."""
    now, _site_now = found(wanted, ask)
    account = account_name.of(pool[_USER]) if pool[_USER] else None
    same = all(str(now.get(name)).lower() == str(pool[name]).lower() for name in (_IDENTITY, _USER))
    if same or account is None or not account.has_password:
        return pool, ""
    told = (
        f"Application pool {wanted.pool} keeps the identity {now.get(_USER) or now.get(_IDENTITY)}, since nobody knows"
        f" the password of {account.text}, which it had before: name both in the inventory and run install.yml."
    )
    return {**pool, **{name: now[name] for name in (_IDENTITY, _USER)}}, told


def _pool(wanted: Wanted, attributes: t.Mapping[str, t.Any]) -> wanted_pool.Wanted:
    return wanted_pool.Wanted(
        name=wanted.pool,
        state="present",
        attributes=tuple(attributes.items()),
        password=None,
        keeps_password=False,
        logon_right=False,
        change="now",
        restart="auto",
        watch=(),
        drain=wanted.drain,
        backup_count=wanted.backup_count,
    )


def _site(wanted: Wanted, values: t.Mapping[str, t.Any]) -> wanted_site.Wanted:
    return wanted_site.Wanted(
        name=wanted.site,
        state="present",
        path=values.get("path", ""),
        pool=values.get("pool", ""),
        bindings=tuple(map(_binding, values.get("bindings", ()))),
        preload=values.get("preload", False),
        replaces_service="",
        remove_defaults=False,
        force=False,
        guarded=frozenset(),
        backup_count=wanted.backup_count,
    )


def _binding(values: t.Mapping[str, t.Any]) -> wanted_site.WantedBinding:
    names = ("protocol", "address", "port", "host", "ssl_flags")
    return wanted_site.WantedBinding(
        Binding(**{name: values[name] for name in names}), values["thumbprint"], values["store"]
    )
