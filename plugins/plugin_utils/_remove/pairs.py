# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The agent's key pairs with the files of their private keys, as far as they are its own and nothing else uses them."""

from __future__ import annotations

import typing as t

from .._certificates import former_pairs, in_settings, on_server, other_agents
from .._certificates.in_settings import Named
from .._certificates.on_server import Installed
from .._certificates.wanted_pair import IN_STORE, MADE, PFX, Pair
from .._core import probe
from .._core.plan import Operation, Refused, write
from .._core.probe import Ask, Query
from .._hosting import http_sys
from .._windows import iis_config, sddl, windows_path
from .._windows.certificate import SERVER
from . import hosting
from .part import Part
from .wanted import Wanted


def questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return what has to be known."""
    identities = (wanted.identity, *wanted.possible)
    return (
        *(query for pair in wanted.pairs for query in pair.questions),
        *in_settings.questions(wanted.runtime),
        *former_pairs.questions(),
        *(query for identity in identities for query in identity.questions()),
    )


def part(wanted: Wanted, ask: Ask) -> Part:
    """Return what removes the pairs; raises Refused for another agent's settings that cannot be read."""
    stays: list[str] = []
    try:
        named = in_settings.by_use(wanted.runtime, ask)
    except Refused:
        named = {}
        stays.append("key pairs that only the agent's settings name, which cannot be read")
    of_others = other_agents.named(wanted.runtime, ask)
    operations: list[Operation] = []
    gone: list[str] = []
    bound, own_bound = _bound(wanted, ask)
    known = [found for pair in wanted.pairs if _has_store(pair, ask) for found in on_server.installed(pair, ask)]
    leaving = list[Installed]()
    for pair in wanted.pairs:
        if pair.path:
            found, left = _files(pair, of_others, wanted, ask)
            operations += found
            gone += [f"key pair for {pair.use}: {operation.arguments['path']}" for operation in found]
            stays += left
            continue
        own = [one for one in known if one.pair is pair and _is_own(one, named, own_bound, wanted.sids(ask))]
        if pair.source == PFX and not own:
            stays.append(
                f"a key pair for {pair.use} that was imported from a file, if there is one: neither the settings nor a"
                " binding name it"
            )
        for one in own:
            used = _used(one, of_others, bound)
            thumbprint = one.certificate.thumbprint
            if used:
                stays.append(f"the key pair {thumbprint} for {pair.use}: {used}")
            elif _place(one) not in map(_place, leaving):
                leaving.append(one)
    places = set(map(_place, leaving))
    staying = [one for one in known if _place(one) not in places]
    key_files = {former_pairs.key_file(one).lower() for one in staying}
    for one in leaving:
        # The key's file first: once the certificate is gone, nobody knows any more which file it is.
        operations += reversed(list(former_pairs.removal(one, key_files, "key pair")))
        gone.append(f"key pair for {one.pair.use}: {one.certificate.thumbprint} in {one.pair.where}")
    rights = _rights(wanted, staying, ask)
    return Part((*operations, *rights), tuple(gone), tuple(dict.fromkeys(stays)))


def _has_store(pair: Pair, ask: Ask) -> bool:
    """Tell whether a pair is kept in a store that the server has."""
    return not pair.path and ask(probe.certificates(pair.location, pair.store)) is not None


def _bound(wanted: Wanted, ask: Ask) -> tuple[set[str], set[str]]:
    """Return the thumbprints that HTTP.sys serves for others, and those that it serves for the agent's site."""
    served = iis_config.served(
        ask(probe.registry(iis_config.TLS_ADDRESSES, depth=1)), ask(probe.registry(iis_config.TLS_NAMES, depth=1))
    )
    own = {endpoint.lower() for endpoint, _sni in http_sys.endpoints(wanted.site, hosting.configuration(ask), ask)}
    others = {entry.thumbprint for endpoint, entry in served.items() if endpoint.lower() not in own}
    return others, {entry.thumbprint for endpoint, entry in served.items() if endpoint.lower() in own}


def _is_own(found: Installed, named: t.Mapping[str, Named], bound: set[str], sids: t.Collection[str]) -> bool:
    """Tell whether a pair was created or imported for this agent: by its subject, by the settings, or by the binding.

    One of the server's store was there before the agent.
    """
    pair = found.pair
    if pair.source == IN_STORE or other_agents.belongs_to_another(found.key, sids):
        return False
    if any(name.matches(found.certificate) for use in pair.uses if (name := named.get(use))):
        return True
    if SERVER in pair.uses and found.certificate.thumbprint in bound:
        return True
    return pair.source == MADE and (pair.is_earlier(found.certificate) or pair.is_of_first_version(found.certificate))


def _used(found: Installed, of_others: t.Iterable[Named], bound: set[str]) -> str:
    """Return who else uses a pair, empty for nobody."""
    if found.certificate.thumbprint in bound:
        return "HTTP.sys serves it to others too"
    return "another agent's settings name it" if any(name.matches(found.certificate) for name in of_others) else ""


def _files(pair: Pair, of_others: t.Iterable[Named], wanted: Wanted, ask: Ask) -> tuple[list[Operation], list[str]]:
    """Return what removes the files of a pair that is kept in one, and what stays."""
    found: list[Operation] = []
    stays: list[str] = []
    for slot in pair.slots:
        there = ask(probe.file(slot))
        if not there or there["type"] != "file":
            continue
        rights = ask(probe.acl(slot))[0]
        key = {"path": slot, "sddl": rights["sddl"]} if rights else None
        if any(name.file and windows_path.same(name.file, slot) for name in of_others):
            stays.append(f"{slot}: another agent's settings name it")
        elif other_agents.belongs_to_another(key, wanted.sids(ask)):
            stays.append(f"{slot}: only others may read it")
        else:
            found.append(write(f"remove the key pair of use {pair.use} in {slot}", "remove", path=slot))
    return found, stays


def _place(found: Installed) -> tuple[str, ...]:
    """Return what tells a certificate of the server from all others."""
    return tuple(text.lower() for text in (found.pair.location, found.pair.store, found.certificate.thumbprint))


def _rights(wanted: Wanted, staying: t.Iterable[Installed], ask: Ask) -> t.Iterator[Operation]:
    """Yield what takes the agent's right from private keys that stay, unless something else runs as its account."""
    shared = set(wanted.identity.known_sid(ask)) if hosting.others(wanted, ask) else set[str]()
    done = set[tuple[str, str]]()
    for one in staying:
        path, text = former_pairs.key_file(one), (one.key or {}).get("sddl")
        if not path or not text:
            continue
        for sid in (sid for sid in wanted.sids(ask) if sid not in shared):
            if sddl.parse(text, path).of(sid, inherited=False) and (path.lower(), sid) not in done:
                done.add((path.lower(), sid))
                does = f"take the agent's right from the private key {path}"
                yield write(does, "clear_access", path=path, sid=sid, type="allow")
