# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The certificates that are installed on a server, and which of them meets what is wanted of a pair."""

from __future__ import annotations

import base64
import dataclasses
import datetime
import typing as t

from .._core import probe
from .._core.plan import Refused
from .._core.probe import Ask, Query
from .._core.warned import Warned, WarningKind
from .._windows import distinguished_name, windows_path
from .._windows.certificate import SERVER, Certificate, describe, describe_readable
from . import other_agents
from .in_settings import Named
from .wanted_pair import FILE, IN_STORE, MADE, PFX, SDK, STORE, Pair

AUTHORITIES = ("CA", "Root")
MOST_LISTED = 6


@dataclasses.dataclass(frozen=True)
class Installed:
    """A certificate on the server, in a store or a file.

    Attributes:
        certificate: its properties.
        has_key: whether its private key is there.
        key: the key's file and its rights; for a PFX file, those of the file itself.
        pair: the wanted pair, at the place where this one is.
        has_former_password: whether it is in a file that only the password of before opens, so that it does not stay.
    """

    certificate: Certificate
    has_key: bool
    key: dict[str, t.Any] | None
    pair: Pair
    has_former_password: bool = False


def authorities(location: str) -> tuple[Query, ...]:
    """Ask for the certificates of intermediate and root authorities."""
    return tuple(probe.certificates(location, store) for store in AUTHORITIES)


def installed(pair: Pair, ask: Ask) -> list[Installed]:
    """Return the certificates in a pair's place."""
    if pair.path:
        return [found for slot in pair.slots for found in _in_file(pair, slot, ask)]
    return _in_store(pair, ask)


def _in_store(pair: Pair, ask: Ask) -> list[Installed]:
    answer = ask(probe.certificates(pair.location, pair.store))
    if answer is None:
        raise Refused(
            f"the server has no certificate store {pair.where} (use {pair.use}), wanted an existing store, such as My"
        )
    found = []
    for item in answer:
        for certificate in describe_readable([base64.b64decode(item["certificate"])]):
            found.append(Installed(certificate, has_key=item["has_private_key"], key=item["key"], pair=pair))
    return found


def _in_file(pair: Pair, slot: str, ask: Ask) -> list[Installed]:
    content = ask(probe.file(slot))
    if not content:
        return []
    if content["type"] != "file" or content["content"] is None:
        raise Refused(f"{slot}: found a folder or a large file, wanted the PFX file of use {pair.use}")
    rights = ask(probe.acl(slot))
    raw = base64.b64decode(content["content"])
    what = f"the file {slot} of use {pair.use}"
    former = False
    try:
        opened = ask(probe.container(raw, pair.file_password, what=what, option="file_password"))
    except Refused as refusal:
        if not pair.former_file_password:
            raise Refused(f"{refusal}, or where that is to change, the one of before as former_file_password") from None
        former = True
        opened = ask(probe.container(raw, pair.former_file_password, what=what, option="former_file_password"))
    key = {"path": slot, "sddl": rights[0]["sddl"]}
    there = dataclasses.replace(pair, path=slot)
    return [Installed(describe(opened[0]), has_key=True, key=key, pair=there, has_former_password=former)]


def suitable(
    pair: Pair,
    present: list[Installed],
    named: Named | None,
    given: Certificate | None,
    now: datetime.datetime,
    own: t.Collection[str],
    ask: Ask,
) -> Installed | None:
    """Return the certificate that meets what is wanted of a pair; None when one has to be imported.

    Args:
        pair: the wanted pair.
        present: the certificates in its place.
        named: what the settings name for its uses.
        given: the certificate of a container from the controller, which has been checked.
        now: the server's time.
        own: the SIDs of the agent, former ones included.
        ask: answers questions.

    Raises:
        Refused: a pair of the server's store that is not there or must not be used, a pair that the settings name at
            another place than is wanted, or a file that another agent uses.
    """
    present = [h for h in present if not h.has_former_password]
    if pair.source == PFX and given:
        same = [h for h in present if h.certificate.thumbprint == given.thumbprint and h.has_key]
        return next((h for h in same if _is_named_file(h, named)), next(iter(same), None))
    if pair.source == IN_STORE:
        return _chosen(pair, present, now)
    found = _named_or_earlier(pair, present, named, own, ask)
    undue = [h for h in found if not pair.due(h.certificate, now)]
    valid = [h for h in undue if h.has_key and not pair.objections(h.certificate, now)]
    # What the settings name comes first: an execution environment discards its folders, the server keeps its settings.
    by_name = [h for h in valid if _is_named(h, named)]
    if not by_name:
        _refuse_replacing(pair, [h for h in undue if _is_named(h, named)], now)
    return max(by_name or valid, key=lambda h: h.certificate.not_after, default=None)


def _is_named(found: Installed, named: Named | None) -> bool:
    return _is_named_file(found, named) or bool(named and named.matches(found.certificate))


def _refuse_replacing(pair: Pair, named: list[Installed], now: datetime.datetime) -> None:
    """Raise Refused where the settings name a pair that must not be used: what was encrypted with it could no longer be
    read, so it is replaced only by who asks for it.
    """
    if not named:
        return
    certificate = named[0].certificate
    reasons = pair.objections(certificate, now) if named[0].has_key else ["its private key is not there"]
    raise Refused(
        f"the settings name the pair {certificate.thumbprint} ({certificate.subject}) for use {pair.use}, which cannot"
        f" be used: {'; '.join(reasons)}. A pair that is in use is not replaced, since what was encrypted with it could"
        " no longer be read: set renew: always for one run to create a new pair, or put the right one in its place"
    )


def _is_named_file(found: Installed, named: Named | None) -> bool:
    return bool(named and named.file and found.pair.path and windows_path.same(found.pair.path, named.file))


def _named_or_earlier(
    pair: Pair, present: list[Installed], named: Named | None, sids: t.Collection[str], ask: Ask
) -> list[Installed]:
    """Return the certificates that a created pair may be: those of its subject, and what the settings name anywhere.

    Raises:
        Refused: the settings name a pair that stands elsewhere and would no longer be used.
    """
    own = _own(pair, present, named, sids)
    if named is None:
        return own
    if named.file:
        # The agent reads the file and ignores the store, so no certificate of a store is meant.
        _refuse_other_file(pair, named, ask)
        return own
    # The settings name a certificate, maybe of another subject than is wanted: of the wanted store,
    if not pair.path and named.is_in(pair.location, pair.store):
        return own + [h for h in present if h not in own and named.matches(h.certificate)]
    # or of another one. CurrentUser is the store of whoever connects, so what the agent has in its own is not known.
    if named.location.lower() == "currentuser" or (not pair.path and pair.location == "CurrentUser"):
        return own
    there = dataclasses.replace(pair, path="", location="LocalMachine", store=named.store or "My")
    if ask(probe.certificates(there.location, there.store)) is None:
        return own
    elsewhere = [h for h in _in_store(there, ask) if h.has_key and named.matches(h.certificate)]
    if pair.path and elsewhere and pair.renew != "always":
        found = elsewhere[0]
        raise Refused(
            f"the settings name {found.certificate.thumbprint} ({found.certificate.subject}) in {there.where} for use"
            f" {pair.use}, wanted the file {pair.path}: a pair that is in use is not replaced. Set place:"
            f" {STORE} to keep it, or renew: always for one run to create a new pair in the file"
        )
    return own + elsewhere


def _own(pair: Pair, present: list[Installed], named: Named | None, sids: t.Collection[str]) -> list[Installed]:
    """Return those that were created for this agent; raises Refused for a file that another agent uses.

    In a store anybody's certificates lie side by side, and other agents' may have the same subject. A site's is told by
    its host name, and served by HTTP.sys for all who share that.
    """
    if pair.path:
        for other in present:
            if other_agents.belongs_to_another(other.key, sids) and not _is_named_file(other, named):
                raise Refused(
                    f"path: found {other.pair.path}, which others may read and this agent may not, wanted a file of"
                    f" this agent alone for use {pair.use}: name another path"
                )
        return present
    created = [h for h in present if pair.is_earlier(h.certificate)]
    if pair.uses == (SERVER,):
        return created
    return [h for h in created if not other_agents.belongs_to_another(h.key, sids)]


def _refuse_other_file(pair: Pair, named: Named, ask: Ask) -> None:
    """Raise Refused where the settings name an existing file of the server that is not the wanted one.

    The SDK's sample is replaced, since the agent refuses to start with it; a file that is gone cannot be in use.
    """
    if pair.source != MADE or pair.renew == "always" or SDK in named.file.lower().split("\\"):
        return
    if any(windows_path.same(named.file, slot) for slot in pair.slots):
        return
    if ask(probe.file(named.file, 0)) is None:
        return
    raise Refused(
        f"the settings name the file {named.file} for use {pair.use}, wanted {pair.where}: a pair that is in use is not"
        f" replaced. Set place: {FILE} with this path and its file_password to keep it, or renew: always for one run to"
        " create a new pair"
    )


def _chosen(pair: Pair, present: list[Installed], now: datetime.datetime) -> Installed:
    if pair.thumbprint:
        found = [h for h in present if h.certificate.thumbprint == pair.thumbprint]
        what = f"thumbprint {pair.thumbprint}"
    else:
        found = [h for h in present if distinguished_name.is_same(pair.subject, h.certificate.subject)]
        what = f"subject {pair.subject}"
    if not found:
        raise Refused(
            f"found no certificate with {what} in {pair.where} of the server, for use {pair.use}, wanted it among"
            f" those of that store, which has {_listed(present)}; import it, or name one of these"
        )
    if len(found) > 1:
        raise Refused(
            f"found {len(found)} certificates with {what} in {pair.where}: {_listed(found)}. Name one by its thumbprint"
        )
    if not found[0].has_key:
        raise Refused(
            f"the certificate with {what} in {pair.where} has no private key (use {pair.use}): import its PFX"
        )
    pair.check(found[0].certificate, now)
    return found[0]


def _listed(found: list[Installed]) -> str:
    newest = sorted(found, key=lambda h: h.certificate.not_after, reverse=True)
    shown = [
        f"{h.certificate.thumbprint} ({h.certificate.subject}) until {h.certificate.not_after:%Y-%m-%d}"
        for h in newest[:MOST_LISTED]
    ]
    more = f"; and {len(newest) - MOST_LISTED} more" if len(newest) > MOST_LISTED else ""
    return "; ".join(shown) + more if shown else "none"


def check_chain(pair: Pair, certificate: Certificate, chain: t.Collection[str], ask: Ask) -> t.Iterator[Warned]:
    """Yield a warning, or for a site refuse, where the certificate of the issuer is nowhere.

    Args:
        pair: what it is for.
        certificate: the one to check.
        chain: the subjects of the certificates that come with it.
        ask: answers questions.
    """
    issuer = certificate.issuer
    if issuer in {certificate.subject, *chain}:
        return
    for question in authorities(pair.location):
        ders = (base64.b64decode(item["certificate"]) for item in ask(question) or [])
        if any(known.subject == issuer for known in describe_readable(ders)):
            return
    missing = f"the certificate for use {pair.use} was signed by {issuer}, whose certificate is neither"
    sentence = (
        f"{missing} in the container nor in the server's stores CA and Root: export the container with its chain"
        if pair.source == PFX
        else f"{missing} in the server's store CA nor in Root: import it there"
    )
    if SERVER in pair.uses:
        raise Refused(f"{sentence}; browsers would not trust the site")
    yield Warned(sentence, WarningKind.CHAIN_MISSING, pair.use)
