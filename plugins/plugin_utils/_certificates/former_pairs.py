# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Former key pairs and their removal: earlier ones of a created pair, which no setting and no binding names any more.

To be called only after the run has verified that the agent works with the new pair.
"""

from __future__ import annotations

import typing as t

from .._core import probe
from .._core.mark import MarkKind
from .._core.plan import Operation, write
from .._core.probe import Ask, Query
from .._windows import iis_config, windows_path
from . import in_settings, other_agents
from .in_settings import Named
from .on_server import Installed, installed
from .wanted_pair import MADE, Pair


def questions() -> tuple[Query, ...]:
    """Return the questions about the certificates of the server's TLS bindings, and about other agents."""
    return (*_tls(), *other_agents.questions())


def _tls() -> tuple[Query, ...]:
    return (_bindings(iis_config.TLS_ADDRESSES), _bindings(iis_config.TLS_NAMES))


def _bindings(key: str) -> Query:
    return probe.registry(key, depth=1)


def removals(
    pairs: t.Sequence[Pair], settings_path: str, own: t.Collection[str], ask: Ask, *, check: bool
) -> list[tuple[Installed, tuple[Operation, ...]]]:
    """Return the former pairs, each with the operations that remove it.

    Args:
        pairs: as they are wanted.
        settings_path: the agent's Runtime folder.
        own: the SIDs of the agent, former ones included: what only others may use is theirs.
        ask: answers questions.
        check: whether this is check mode.

    Raises:
        Refused: settings that cannot be read, of this agent or another, so that their pairs are not known.
    """
    named = in_settings.by_use(settings_path, ask)
    served = iis_config.served(*(ask(question) for question in _tls()))
    bound = {binding.thumbprint for binding in served.values()}
    renewed = {mark.subject for mark in ask(probe.settled()) if mark.kind is MarkKind.PAIR_RENEWED}
    found = []
    for pair in pairs:
        if pair.source != MADE or pair.same_as:
            continue
        created = [h for h in installed(pair, ask) if h.has_key and _was_created(pair, h, own)]
        used = [h for h in created if _is_used(h, named.values(), bound)]
        # Where none is in use, the one that expires last is taken for the current one.
        current = max(used or created, key=lambda h: h.certificate.not_after, default=None)
        for former in created:
            # A newer one was created by a run that did not get as far as the settings: the next run uses it.
            newer = current is not None and former.certificate.not_after > current.certificate.not_after
            stays = former is current or former in used or newer
            # In check mode a pair that this run would have renewed is still the one in use: its successor is not there.
            if not stays or (check and pair.use in renewed):
                found.append(former)
    of_others = other_agents.named(settings_path, ask) if found else []
    gone = [former for former in found if not _is_used(former, of_others, set())]
    leaving = {_place(former) for former in gone}
    staying = [
        h for pair in pairs if gone and not pair.same_as for h in installed(pair, ask) if _place(h) not in leaving
    ]
    kept = {key_file(other).lower() for other in staying}
    return [(former, tuple(removal(former, kept))) for former in gone]


def _place(found: Installed) -> tuple[str, ...]:
    pair = found.pair
    return tuple(text.lower() for text in (pair.path, pair.location, pair.store, found.certificate.thumbprint))


def key_file(found: Installed) -> str:
    """Return the path of a pair's private key; empty where Windows does not tell."""
    return (found.key or {}).get("path") or ""


def _was_created(pair: Pair, found: Installed, own: t.Collection[str]) -> bool:
    """Tell whether a pair was created for this agent. A subject without an organisation is every agent's, so the rights
    on the key have to show that it is not another's.
    """
    created = pair.is_earlier(found.certificate) or pair.is_of_first_version(found.certificate)
    return created and not other_agents.belongs_to_another(found.key, own)


def _is_used(found: Installed, named: t.Iterable[Named], bound: set[str]) -> bool:
    if found.pair.path:
        return any(name.file and windows_path.same(name.file, found.pair.path) for name in named)
    return found.certificate.thumbprint in bound or any(name.matches(found.certificate) for name in named)


def removal(former: Installed, kept: t.Container[str], what: str = "former pair") -> t.Iterator[Operation]:
    """Yield what removes a former pair.

    Args:
        former: the pair.
        what: how it is called.
        kept: the key files of all other certificates. Containers of version 1.0.0 had a friendly name, which Windows
            takes as the name of the key's container, so that two certificates may have one key file.
    """
    pair, thumbprint = former.pair, former.certificate.thumbprint
    if pair.path:
        does = f"remove the {what} {thumbprint} of use {pair.use} in {pair.path}"
        yield write(does, "remove", path=pair.path)
        return
    yield write(
        f"remove the {what} {thumbprint} of use {pair.use}",
        "uncertificate",
        location=pair.location,
        store=pair.store,
        thumbprint=thumbprint,
    )
    # Belief [removed-key]: a store that gives up a certificate leaves the file of its private key, learn.microsoft.com
    # "CertDeleteCertificateFromStore" and "X509Store.Remove", which speak of the certificate only.
    path = key_file(former)
    if path and path.lower() not in kept:
        yield write(f"remove the file of its private key, {path}", "remove", path=path)
