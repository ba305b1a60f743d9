# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The agent's key pairs and the site's certificate on the server, with the right to use them. Docs:
win_im_cert_pair.yml.
"""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from . import (
    _former_pairs,
    _held_pairs,
    _host_name,
    _named_pairs,
    _pair_material,
    _pair_rights,
    _questions,
    _wanted_pair,
    _windows_path,
)
from ._certificate import SERVER, Certificate
from ._held_pairs import Held
from ._identity import FORMER_SPEC, IDENTITY_SPEC, Identity
from ._named_pairs import Named
from ._pair_material import Keep, Material
from ._plan import Diff, Operation, Plan, Refused
from ._questions import Ask, Query
from ._wanted_pair import IN_STORE, MADE, SPEC, Pair

ODD_STORES = {"authroot", "root", "ca"}

ARGUMENT_SPEC: dict[str, t.Any] = {
    "argument_spec": {
        "pairs": SPEC,
        "identity": IDENTITY_SPEC,
        "former_identities": FORMER_SPEC,
        "grant_server": {"type": "bool", "default": False},
        "host_name": {"type": "str"},
        "settings_path": {"type": "str"},
        "keep": {
            "type": "dict",
            "options": {
                "folder": {"type": "str", "required": True},
                "agent": {"type": "str", "required": True},
                "passphrase": {"type": "str", "required": True, "no_log": True},
            },
        },
        "state": {"type": "str", "choices": ["present", "cleaned"], "default": "present"},
    },
}


@dataclasses.dataclass(frozen=True)
class Wanted:
    """The pairs, whom they are for, and the folder whose settings may name some already.

    Attributes:
        keep: where pairs that are made are kept on the controller; None: they live on the server only.
        cleaned: whether former pairs are to be removed, instead of pairs to be brought.
    """

    pairs: tuple[Pair, ...]
    identity: Identity
    former: tuple[Identity, ...]
    grant_server: bool
    settings_path: str
    keep: Keep | None
    cleaned: bool

    @classmethod
    def of(cls, arguments: dict[str, t.Any]) -> Wanted:
        """Return what a task wants; raises Refused."""
        pairs = tuple(Pair.of(number, given) for number, given in enumerate(arguments["pairs"], start=1))
        path = arguments.get("settings_path") or ""
        return cls(
            _sharing(pairs, _host(arguments.get("host_name") or "")),
            Identity.of(arguments["identity"]),
            tuple(Identity.of(former) for former in arguments["former_identities"]),
            arguments["grant_server"],
            _windows_path.normal(path) if path else "",
            Keep.of(arguments.get("keep")),
            arguments["state"] == "cleaned",
        )

    @property
    def own(self) -> tuple[Pair, ...]:
        """Return the pairs that are not another use's."""
        return tuple(pair for pair in self.pairs if not pair.same_as)


def _host(name: str) -> str:
    try:
        return _host_name.ascii_form(name) if name else ""
    except Refused as refusal:
        raise Refused(f"host_name: {refusal}") from None


def _sharing(pairs: tuple[Pair, ...], host_name: str) -> tuple[Pair, ...]:
    """Return the pairs, each for all uses that share it; raises Refused."""
    uses = [pair.use for pair in pairs]
    twice = sorted({use for use in uses if uses.count(use) > 1})
    if twice:
        raise Refused(f"pairs: found use {twice[0]} twice, wanted one entry for each use")
    for pair in pairs:
        if pair.same_as and next((p.same_as for p in pairs if p.use == pair.same_as), "x"):
            raise Refused(f"pairs: use {pair.use}: same_as {pair.same_as}: wanted a use that has a pair of its own")
    return tuple(
        pair.serving((pair.use, *(p.use for p in pairs if p.same_as == pair.use)), host_name) for pair in pairs
    )


def completed(
    arguments: dict[str, t.Any], content: t.Callable[[str, str], bytes], folder: t.Callable[[str], str]
) -> dict[str, t.Any]:
    """Return the arguments with the containers that are files of the controller, and the folder of kept pairs as an
    absolute path; raises Refused.
    """
    for number, pair in enumerate(arguments["pairs"], start=1):
        if pair.get("file"):
            where = f"pairs, entry {number} (use {pair['use']})"
            _wanted_pair.mind_sample(where, pair["file"])
            pair["container_bytes"] = content(f"{where}: file", pair["file"])
    if arguments.get("keep"):
        arguments["keep"]["folder"] = folder(arguments["keep"]["folder"])
    return arguments


def questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return what the plan will ask."""
    asked = [query for pair in wanted.pairs for query in pair.questions]
    for pair in wanted.own:
        if SERVER in pair.uses and pair.source == IN_STORE:
            asked += _held_pairs.authorities(pair.location)
    asked += _named_pairs.questions(wanted.settings_path)
    asked += _former_pairs.questions() if wanted.cleaned else ()
    asked += [query for identity in (wanted.identity, *wanted.former) for query in identity.questions()]
    return tuple({_questions.key(query): query for query in asked}.values())


@dataclasses.dataclass(frozen=True)
class _Outcome:
    """What becomes of one pair.

    Attributes:
        pair: at the place where it is, or will be.
        found: what serves already; None when it is brought.
        present: the certificates of its place.
        certificate: what is known of it; None for one that would be made.
        material: what is brought.
    """

    pair: Pair
    found: Held | None
    present: list[Held]
    certificate: Certificate | None
    material: Material | None


def plan(wanted: Wanted, ask: Ask, *, check: bool) -> Plan:
    """Return what has to be imported and allowed; raises Refused for a pair that is not fit, before anything is
    written.
    """
    if wanted.cleaned:
        former = _former_pairs.removed(wanted.pairs, wanted.settings_path, ask, check=check)
        gone = "".join(_line(found.pair, found.certificate) for found, _removal in former)
        operations = tuple(operation for _found, operation in former)
        return Plan(operations, (Diff("former pairs", gone, ""),), facts={"certificates": {}})
    now, sid = _time(ask(_questions.host())["time"]), wanted.identity.sid(ask)
    named = _named_pairs.by_use(wanted.settings_path, ask)
    imports: list[Operation] = []
    grants: list[Operation] = []
    warnings: list[str] = []
    settles: list[str] = []
    before, after = [], []
    outcomes = {}
    for pair in wanted.own:
        name = next((named[use] for use in pair.uses if use in named), None)
        outcome = _outcome(wanted, pair, name, now, ask, check=check)
        outcomes[pair.use] = outcome
        warnings += _chain_warnings(outcome, ask)
        if not outcome.found:
            imports += _pair_material.brings(outcome.pair, outcome.material, outcome.present, name, sid, ask)
        grants += _rights(wanted, outcome, sid, ask)
        warnings += _warnings(outcome, sid, now)
        settles += _settled(outcome)
        line = _line(outcome.pair, outcome.certificate, now)
        before += (
            [line]
            if outcome.found
            else [_line(h.pair, h.certificate) for h in outcome.present if pair.path or pair.is_earlier(h.certificate)]
        )
        after.append(line)
    facts = {use: _facts(outcome, now) for use, outcome in outcomes.items()}
    facts |= {pair.use: facts[pair.same_as] for pair in wanted.pairs if pair.same_as}
    restart = ("a key pair of the agent, or the right to use it, changed",) if imports or grants else ()
    return Plan(
        (*imports, *grants),
        (
            Diff("certificates", "".join(before), "".join(after)),
            Diff("private keys", "", "".join(f"{operation.does}\n" for operation in grants)),
        ),
        tuple(warnings),
        restart,
        settles=tuple(settles),
        kept=tuple(file for o in outcomes.values() if o.material and not o.found for file in o.material.kept),
        facts={"certificates": facts},
    )


def _time(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text[:19]).replace(tzinfo=datetime.UTC)


def _outcome(
    wanted: Wanted, pair: Pair, named: Named | None, now: datetime.datetime, ask: Ask, *, check: bool
) -> _Outcome:
    material = _pair_material.given(pair, now, ask)
    present = _held_pairs.held(pair, ask)
    found = _held_pairs.serving(pair, present, named, material.described if material else None, now, ask)
    if found:
        return _Outcome(found.pair, found, present, found.certificate, material)
    material = material or _pair_material.made(pair, wanted.keep, now, check=check)
    if pair.path:
        pair = dataclasses.replace(pair, path=_pair_material.free_slot(pair, present, named))
    return _Outcome(pair, None, present, material.described if material else None, material)


def _chain_warnings(outcome: _Outcome, ask: Ask) -> t.Iterator[str]:
    """Yield or refuse what a missing chain calls for: of what is brought, and of a site's from the store always."""
    pair, certificate = outcome.pair, outcome.certificate
    if certificate and (not outcome.found or (pair.source == IN_STORE and SERVER in pair.uses)):
        chain = outcome.material.signers if outcome.material else frozenset()
        yield from _held_pairs.judge_chain(pair, certificate, chain, ask)


def _rights(wanted: Wanted, outcome: _Outcome, sid: str, ask: Ask) -> list[Operation]:
    """Return what gives and takes the right on the private key."""
    pair, found = outcome.pair, outcome.found
    # A file in a slot that was used before keeps its rights; a new one is written with its own.
    known = found or next((h for h in outcome.present if pair.path and h.pair.path == pair.path), None)
    operations = []
    is_new_file = bool(pair.path) and known is None
    needed = _pair_rights.needed(pair, wanted.grant_server) and not is_new_file
    has_it = needed and known is not None and _pair_rights.is_granted(known, wanted.identity, sid)
    if needed and not has_it:
        thumbprint = outcome.certificate.thumbprint if outcome.certificate else "to be made"
        operations.append(_pair_rights.grant(pair, thumbprint, wanted.identity, sid))
    return operations + (_pair_rights.take(known, sid, wanted.former, ask) if known else [])


def _settled(outcome: _Outcome) -> list[str]:
    """Return what later plans of a check-mode run build on."""
    thumbprint = outcome.certificate.thumbprint if outcome.certificate else ""
    return [f"serves {use} {thumbprint}" if outcome.found else f"renews {use}" for use in outcome.pair.uses]


def _warnings(outcome: _Outcome, sid: str, now: datetime.datetime) -> t.Iterator[str]:
    pair, certificate = outcome.pair, outcome.certificate
    readers = _pair_rights.other_readers(outcome.found, sid) if outcome.found else ""
    if readers:
        yield f"{pair.path}, the key pair for use {pair.use}, can be read by {readers} too: take these entries away"
    if certificate and certificate.days_left(now) <= pair.warn_days:
        yield (
            f"the certificate {certificate.thumbprint} for use {pair.use} expires in {certificate.days_left(now)} days "
            f"({certificate.not_after:%Y-%m-%d})"
        )
    if pair.renew == "when_expiring" and pair.source == MADE and pair.days <= pair.warn_days and not outcome.found:
        yield (
            f"the new pair for use {pair.use} is valid for {pair.days} days and is renewed within {pair.warn_days} days"
            " of its end, so every run makes another one: say a smaller warn_days"
        )
    if not pair.path and pair.store.lower() in ODD_STORES:
        yield (
            f"store {pair.store} for use {pair.use} is a store of authorities: what is in it is trusted by the whole"
            " server. The vendor's sample has it; My is meant for key pairs"
        )
    if not pair.path and pair.location == "CurrentUser":
        yield (
            f"store {pair.where} for use {pair.use} is that of the account which Ansible connects as, while the agent"
            " sees its own only: say store_location: LocalMachine, unless both are one account"
        )


def _line(pair: Pair, certificate: Certificate | None, now: datetime.datetime | None = None) -> str:
    if certificate is None:
        names = f", names {', '.join(pair.hosts)}" if pair.hosts else ""
        until = f" until {now + datetime.timedelta(days=pair.days):%Y-%m-%d}" if now else ""
        return (
            f"{pair.use}: {pair.where}, {pair.made_subject}, RSA {pair.bits}, self-signed, valid for {pair.days}"
            f" days{until}{names} (to be made)\n"
        )
    return (
        f"{pair.use}: {pair.where}, {certificate.subject}, RSA {certificate.bits}, thumbprint {certificate.thumbprint},"
        f" valid until {certificate.not_after:%Y-%m-%d}\n"
    )


def _facts(outcome: _Outcome, now: datetime.datetime) -> dict[str, t.Any]:
    pair, certificate = outcome.pair, outcome.certificate
    place = {"file": pair.path} if pair.path else {"store_location": pair.location, "store_name": pair.store}
    return {
        **place,
        "thumbprint": certificate.thumbprint if certificate else None,
        "subject": certificate.subject if certificate else pair.made_subject,
        "not_after": certificate.not_after.strftime("%Y-%m-%dT%H:%M:%SZ") if certificate else None,
        "days_left": certificate.days_left(now) if certificate else None,
        "pending": certificate is None,
    }
