# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The certificates that a server has, and which of them serves a wanted pair."""

from __future__ import annotations

import base64
import dataclasses
import datetime
import typing as t

from . import _certificate, _opened_container, _questions, _subject_name, _windows_path
from ._certificate import SERVER, Certificate
from ._named_pairs import Named
from ._plan import Refused
from ._questions import Ask, Query
from ._wanted_pair import FILE, IN_STORE, MADE, PFX, SDK, STORE, Pair

AUTHORITIES = ("CA", "Root")
MOST_LISTED = 6


@dataclasses.dataclass(frozen=True)
class Held:
    """A certificate in a place of the server.

    Attributes:
        certificate: what is known of it.
        has_key: whether its private key is there.
        key: the key's file and its rights; for a PFX file, those of the file itself.
        pair: the wanted pair, at the place where this one is.
    """

    certificate: Certificate
    has_key: bool
    key: dict[str, t.Any] | None
    pair: Pair


def authorities(location: str) -> tuple[Query, ...]:
    """Ask for the certificates of those who sign others'."""
    return tuple(_questions.certificates(location, store) for store in AUTHORITIES)


def held(pair: Pair, ask: Ask) -> list[Held]:
    """Return the certificates in a pair's place."""
    if pair.path:
        return [found for slot in pair.slots for found in _in_file(pair, slot, ask)]
    return _in_store(pair, ask)


def _in_store(pair: Pair, ask: Ask) -> list[Held]:
    answer = ask(_questions.certificates(pair.location, pair.store))
    if answer is None:
        raise Refused(
            f"the server has no certificate store {pair.where} (use {pair.use}), wanted one that exists, as My"
        )
    found = []
    for item in answer:
        for certificate in _certificate.described([base64.b64decode(item["certificate"])]):
            found.append(Held(certificate, item["has_private_key"], item["key"], pair))
    return found


def _in_file(pair: Pair, slot: str, ask: Ask) -> list[Held]:
    content = ask(_questions.file(slot))
    if not content:
        return []
    if content["type"] != "file" or content["content"] is None:
        raise Refused(f"{slot}: found a folder or a large file, wanted the PFX file of use {pair.use}")
    rights = ask(_questions.acl(slot))
    raw = base64.b64decode(content["content"])
    what = f"the file {slot} of use {pair.use}"
    described = _certificate.describe(
        ask(_opened_container.question(raw, pair.file_password, what, "file_password"))[0]
    )
    key = {"path": slot, "sddl": rights[0]["sddl"]}
    return [Held(described, True, key, dataclasses.replace(pair, path=slot))]


def serving(
    pair: Pair, present: list[Held], named: Named | None, given: Certificate | None, now: datetime.datetime, ask: Ask
) -> Held | None:
    """Return the certificate that serves a pair; None when one has to be brought.

    Args:
        pair: the wanted pair.
        present: the certificates in its place.
        named: what the settings name for its uses.
        given: the certificate of a container from the controller, which has been judged.
        now: the server's time.
        ask: answers questions.

    Raises:
        Refused: a pair of the server's store that is not there or not fit, or a pair that the settings name at another
            place than is wanted.
    """
    if pair.source == PFX and given:
        same = [h for h in present if h.certificate.thumbprint == given.thumbprint and h.has_key]
        return next((h for h in same if _is_named_file(h, named)), next(iter(same), None))
    if pair.source == IN_STORE:
        return _chosen(pair, present, now)
    fit = [h for h in _named_or_earlier(pair, present, named, ask) if h.has_key]
    fit = [h for h in fit if not pair.objections(h.certificate, now) and not pair.due(h.certificate, now)]
    # What the settings name comes first: an execution environment forgets its folders, the server does not.
    by_name = [h for h in fit if _is_named_file(h, named) or (named and named.means(h.certificate))]
    return max(by_name or fit, key=lambda h: h.certificate.not_after, default=None)


def _is_named_file(found: Held, named: Named | None) -> bool:
    return bool(named and named.file and found.pair.path and _windows_path.same(found.pair.path, named.file))


def _named_or_earlier(pair: Pair, present: list[Held], named: Named | None, ask: Ask) -> list[Held]:
    """Return the certificates that may serve a made pair: of its subject, and what the settings name anywhere."""
    own = present if pair.path else [h for h in present if pair.is_earlier(h.certificate)]
    if named is None:
        return own
    if named.file:
        _mind_other_file(pair, named, ask)
        return own
    if not pair.path and named.is_in(pair.location, pair.store):
        return own + [h for h in present if h not in own and named.means(h.certificate)]
    # The store of whoever connects is not the agent's, so what CurrentUser holds is not known.
    if named.location.lower() == "currentuser" or (not pair.path and pair.location == "CurrentUser"):
        return own
    there = dataclasses.replace(pair, path="", location="LocalMachine", store=named.store or "My")
    if ask(_questions.certificates(there.location, there.store)) is None:
        return own
    elsewhere = [h for h in _in_store(there, ask) if h.has_key and named.means(h.certificate)]
    if pair.path and elsewhere and pair.renew != "always":
        found = elsewhere[0]
        raise Refused(
            f"the settings name {found.certificate.thumbprint} ({found.certificate.subject}) in {there.where} for use"
            f" {pair.use}, wanted the file {pair.path}: a pair that is in use is not replaced. Say place: {STORE} to"
            " keep it, or renew: always, once, for a new pair in the file"
        )
    return own + elsewhere


def _mind_other_file(pair: Pair, named: Named, ask: Ask) -> None:
    """Raise Refused where the settings name a file of the server that the wanted place leaves out."""
    if pair.source != MADE or pair.renew == "always" or SDK in named.file.lower().split("\\"):
        return
    if any(_windows_path.same(named.file, slot) for slot in pair.slots):
        return
    if ask(_questions.file(named.file, 0)) is None:
        return
    raise Refused(
        f"the settings name the file {named.file} for use {pair.use}, wanted {pair.where}: a pair that is in use is not"
        f" replaced. Say place: {FILE} with this path and its file_password to keep it, or renew: always, once, for a"
        " new pair"
    )


def _chosen(pair: Pair, present: list[Held], now: datetime.datetime) -> Held:
    if pair.thumbprint:
        found = [h for h in present if h.certificate.thumbprint == pair.thumbprint]
        what = f"thumbprint {pair.thumbprint}"
    else:
        found = [h for h in present if _subject_name.is_same(pair.subject, h.certificate.subject)]
        what = f"subject {pair.subject}"
    if not found:
        raise Refused(
            f"found no certificate with {what} in {pair.where} of the server, for use {pair.use}; it has"
            f" {_listed(present)}"
        )
    if len(found) > 1:
        raise Refused(
            f"found {len(found)} certificates with {what} in {pair.where}: {_listed(found)}. Name one by its thumbprint"
        )
    if not found[0].has_key:
        raise Refused(
            f"the certificate with {what} in {pair.where} has no private key (use {pair.use}): import its PFX"
        )
    pair.judge(found[0].certificate, now)
    return found[0]


def _listed(found: list[Held]) -> str:
    newest = sorted(found, key=lambda h: h.certificate.not_after, reverse=True)
    shown = [
        f"{h.certificate.thumbprint} ({h.certificate.subject}) until {h.certificate.not_after:%Y-%m-%d}"
        for h in newest[:MOST_LISTED]
    ]
    more = f"; and {len(newest) - MOST_LISTED} more" if len(newest) > MOST_LISTED else ""
    return "; ".join(shown) + more if shown else "none"


def judge_chain(pair: Pair, certificate: Certificate, chain: t.Collection[str], ask: Ask) -> t.Iterator[str]:
    """Yield a warning, or for a site refuse, where the certificate of who signed is nowhere.

    Args:
        pair: what it is for.
        certificate: what was signed.
        chain: the subjects of the certificates that come with it.
        ask: answers questions.
    """
    issuer = certificate.issuer
    if issuer in {certificate.subject, *chain}:
        return
    for question in authorities(pair.location):
        ders = (base64.b64decode(item["certificate"]) for item in ask(question) or [])
        if any(known.subject == issuer for known in _certificate.described(ders)):
            return
    missing = f"the certificate for use {pair.use} was signed by {issuer}, whose certificate is neither"
    sentence = (
        f"{missing} in the container nor in the server's stores CA and Root: export the container with its chain"
        if pair.source == PFX
        else f"{missing} in the server's store CA nor in Root: import it there"
    )
    if SERVER in pair.uses:
        raise Refused(f"{sentence}; browsers would not trust the site")
    yield sentence
