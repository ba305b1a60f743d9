# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which certificates are there, and who has to trust them."""

from __future__ import annotations

import base64
import ssl
import typing as t

from .._certificates import cert_pairs
from .._certificates.wanted_pair import IN_STORE, MADE, PFX, Pair
from .._core import probe
from .._core.plan import Refused
from .._core.probe import Ask, NotAnswered, Query
from .._windows.certificate import SERVER, describe
from .given import Given, Held

_TRUST = {
    SERVER: "browsers of administrators",
    "identity_server": "nobody: the Identity Manager server has the same pair, and both check tokens with it",
    "encryption": "nobody: the agent encrypts its own files with it",
    "password_reset": "nobody: the agent encrypts the data of password resets with it",
}


def need_server(wanted: cert_pairs.Wanted) -> bool:
    """Tell whether only the server knows the certificate of one of the pairs."""
    return any(pair.source in {MADE, IN_STORE} for pair in wanted.own)


def questions(wanted: cert_pairs.Wanted) -> tuple[Query, ...]:
    """Return what has to be asked for all certificates."""
    return (*cert_pairs.questions(wanted), *wanted.identity.questions())


def of(wanted: cert_pairs.Wanted, ask: Ask, *, asked: bool) -> tuple[dict[str, Held], list[str]]:
    """Return the certificates by use, and of which nobody can tell, as sentences.

    Args:
        wanted: the pairs.
        ask: answers what was asked, and opens containers.
        asked: whether the server was asked.
    """
    known, untold = _in_containers(wanted, ask)
    if not asked:
        untold += [f"the certificate for {_uses(p)}: the server was not asked" for p in wanted.own if p.source != PFX]
        return known, untold
    try:
        facts: dict[str, t.Any] = cert_pairs.plan(wanted, ask, check=True).facts["certificates"]
    except (Refused, NotAnswered) as problem:
        return known, [*untold, f"the certificates on the server: {problem}"]
    ders = _in_stores(wanted, ask)
    for pair in wanted.own:
        thumbprint = facts[pair.use]["thumbprint"]
        if thumbprint in ders:
            known[pair.use] = _held(ders[thumbprint])
        elif pair.use not in known:
            told = f"{thumbprint} is in a file of the server" if thumbprint else "it is not made yet: run install first"
            untold.append(f"the certificate for {_uses(pair)}: {told}")
    return known, untold


def _in_containers(wanted: cert_pairs.Wanted, ask: Ask) -> tuple[dict[str, Held], list[str]]:
    known, untold = dict[str, Held](), list[str]()
    for pair in wanted.own:
        if pair.source == PFX:
            try:
                what = f"the container of use {pair.use}"
                known[pair.use] = _held(ask(probe.container(pair.container or b"", pair.password, what=what))[0])
            except Refused as refusal:
                untold.append(f"the certificate for {_uses(pair)}: {refusal}")
    return known, untold


def _in_stores(wanted: cert_pairs.Wanted, ask: Ask) -> dict[str, bytes]:
    """Return the certificates of the stores of all pairs, by thumbprint."""
    found: dict[str, bytes] = {}
    for query in {(p.location, p.store) for p in wanted.own if not p.path}:
        for one in ask(probe.certificates(*query)) or ():
            der = base64.b64decode(one["certificate"])
            try:
                found[describe(der).thumbprint] = der
            except ValueError:  # an old or unusual one, which is none of ours
                continue
    return found


def _held(der: bytes) -> Held:
    return Held(describe(der), ssl.DER_cert_to_PEM_cert(der))


def _uses(pair: Pair) -> str:
    return " and ".join(pair.uses)


def rows(given: Given) -> list[dict[str, t.Any]]:
    """Return what is told of each certificate."""
    found = []
    for pair in given.pairs.own:
        held = given.held.get(pair.use)
        if held is None:
            continue
        one = held.certificate
        own = one.issuer == one.subject
        trusting = _TRUST[SERVER] if SERVER in pair.uses else _TRUST[pair.use]
        found.append(
            {
                "use": _uses(pair),
                "subject": one.subject,
                "names": list(one.names),
                "thumbprint": one.thumbprint,
                "until": f"{one.not_after:%Y-%m-%d}",
                "issuer": "itself" if own else one.issuer,
                "trusted_by": trusting,
                "pem": held.pem if own and SERVER in pair.uses else "",
            }
        )
    return found
