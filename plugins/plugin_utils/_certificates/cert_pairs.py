# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The agent's key pairs and the site's certificate on the server, with the right to use them. Docs:
win_im_cert_pair.yml.
"""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from .._core import probe
from .._core.controller import ControllerFiles
from .._core.kept import is_kept, nothing
from .._core.mark import Mark, MarkKind
from .._core.plan import Diff, Operation, Plan, Refused
from .._core.probe import Ask, Query
from .._core.warned import Warned, WarningKind
from .._windows import roots, windows_path
from .._windows.certificate import SERVER, Certificate
from .._windows.host_name import ascii_form
from .._windows.identity import FORMER_SPEC, IDENTITY_SPEC, Identity
from . import former_pairs, in_settings, key_rights, on_server, pair_material, wanted_pair
from .in_settings import Named
from .on_server import Installed
from .pair_material import Keep, Material
from .wanted_pair import IN_STORE, MADE, SPEC, Pair

ODD_STORES = {"authroot", "root", "ca"}

ARGUMENT_SPEC: dict[str, t.Any] = {
    "argument_spec": {
        "pairs": SPEC,
        "identity": IDENTITY_SPEC,
        "former_identities": FORMER_SPEC,
        "grant_server": {"type": "bool", "default": False},
        "host_name": {"type": "str"},
        "organization": {"type": "str"},
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
    """The pairs, the identities that use them, and the folder whose settings may name some already.

    Attributes:
        keep: where created pairs are kept on the controller; None: they are on the server only.
        cleaned: whether former pairs are to be removed, instead of pairs to be imported.
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
        organization = arguments.get("organization") or ""
        pairs = tuple(Pair.of(number, given, organization) for number, given in enumerate(arguments["pairs"], start=1))
        path = arguments.get("settings_path") or ""
        return cls(
            pairs=_for_shared_uses(pairs, _host(arguments.get("host_name") or "")),
            identity=Identity.of(arguments["identity"]),
            former=tuple(Identity.of(former) for former in arguments["former_identities"]),
            grant_server=arguments["grant_server"],
            settings_path=windows_path.normal(path) if path else "",
            keep=Keep.of(arguments.get("keep")),
            cleaned=arguments["state"] == "cleaned",
        )

    @property
    def own(self) -> tuple[Pair, ...]:
        """Return the pairs without those that another use shares."""
        return tuple(pair for pair in self.pairs if not pair.same_as)


def _host(name: str) -> str:
    try:
        return ascii_form(name) if name else ""
    except Refused as refusal:
        raise Refused(f"host_name: {refusal}") from None


def _for_shared_uses(pairs: tuple[Pair, ...], host_name: str) -> tuple[Pair, ...]:
    """Return the pairs, each for all uses that share it; raises Refused."""
    uses = [pair.use for pair in pairs]
    twice = sorted({use for use in uses if uses.count(use) > 1})
    if twice:
        raise Refused(f"pairs: found use {twice[0]} twice, wanted one entry per use")
    for pair in pairs:
        if pair.same_as and next((p.same_as for p in pairs if p.use == pair.same_as), "x"):
            raise Refused(f"pairs: use {pair.use}: same_as {pair.same_as}: wanted a use that has a pair of its own")
    return tuple(
        pair.for_uses((pair.use, *(p.use for p in pairs if p.same_as == pair.use)), host_name) for pair in pairs
    )


def completed(arguments: dict[str, t.Any], files: ControllerFiles) -> dict[str, t.Any]:
    """Return the arguments with the containers that are files of the controller, and the folder of kept pairs as an
    absolute path; raises Refused.
    """
    for number, pair in enumerate(arguments["pairs"], start=1):
        if pair.get("file"):
            where = f"pairs, entry {number} (use {pair['use']})"
            wanted_pair.refuse_sample(where, pair["file"])
            pair["container_bytes"] = files.content(f"{where}: file", pair["file"])
    if arguments.get("keep"):
        arguments["keep"]["folder"] = files.folder(arguments["keep"]["folder"])
    return arguments


def questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return what the plan will ask."""
    asked = [query for pair in wanted.pairs for query in pair.questions]
    for pair in wanted.own:
        if SERVER in pair.uses and pair.source == IN_STORE:
            asked += on_server.authorities(pair.location)
    asked += in_settings.questions(wanted.settings_path)
    asked += former_pairs.questions() if wanted.cleaned else ()
    asked += [query for identity in (wanted.identity, *wanted.former) for query in identity.questions()]
    return tuple({probe.key(query): query for query in asked}.values())


@dataclasses.dataclass(frozen=True)
class _Outcome:
    """What becomes of one pair.

    Attributes:
        pair: at the place where it is, or will be.
        found: the certificate that stays; None when one has to be imported.
        present: the certificates of its place.
        certificate: its properties; None for one that would be created.
        material: key, certificate and chain to import.
    """

    pair: Pair
    found: Installed | None
    present: list[Installed]
    certificate: Certificate | None
    material: Material | None


@dataclasses.dataclass(frozen=True)
class _Part:
    """One pair's part of the plan.

    Attributes:
        outcome: what becomes of the pair.
        imports: what creates, writes or imports it.
        rights: what grants and revokes the right to use its private key.
        warnings: for the user.
        before: the certificates that it replaces, or the one that stays, as lines.
        after: its own line.
    """

    outcome: _Outcome
    imports: tuple[Operation, ...]
    rights: tuple[Operation, ...]
    warnings: tuple[Warned, ...]
    before: str
    after: str


def plan(wanted: Wanted, ask: Ask, *, check: bool) -> Plan:
    """Return what has to be imported and allowed; raises Refused for a pair that must not be used, before anything is
    written.
    """
    if wanted.cleaned:
        return _cleaning(wanted, ask, check=check)
    now, sid = _time(ask(probe.host())["time"]), wanted.identity.sid(ask)
    named = in_settings.by_use(wanted.settings_path, ask)
    wanted = _with_kept_passwords(wanted, named, ask)
    parts = [_part(wanted, pair, named, now=now, sid=sid, ask=ask, check=check) for pair in wanted.own]
    imports = tuple(operation for part in parts for operation in part.imports)
    rights = tuple(operation for part in parts for operation in part.rights)
    outcomes = [part.outcome for part in parts]
    facts = {outcome.pair.use: _facts(outcome, now) for outcome in outcomes}
    facts |= {pair.use: facts[pair.same_as] for pair in wanted.pairs if pair.same_as}
    return Plan(
        (*imports, *rights),
        (
            Diff("certificates", "".join(part.before for part in parts), "".join(part.after for part in parts)),
            Diff("private keys", "", "".join(f"{operation.does}\n" for operation in rights)),
        ),
        tuple(warning for part in parts for warning in part.warnings),
        ("a key pair of the agent, or the right to use it, changed",) if imports or rights else (),
        settles=tuple(mark for outcome in outcomes for mark in _settled(outcome)),
        kept=tuple(file for o in outcomes if o.material and not o.found for file in o.material.kept),
        facts={"certificates": facts},
    )


def _with_kept_passwords(wanted: Wanted, named: t.Mapping[str, Named], ask: Ask) -> Wanted:
    """Return what is wanted with the passwords of PFX files that only the settings have; raises Refused for none."""

    def known(pair: Pair) -> Pair:
        if not is_kept(pair.file_password):
            return pair
        name = named.get(pair.use)
        is_there = name is not None and any(windows_path.same(name.file, slot) for slot in pair.slots)
        password = in_settings.password(wanted.settings_path, pair.use, ask) if is_there else ""
        if not password:
            raise nothing(f"pairs, use {pair.use}: file_password")
        return dataclasses.replace(pair, file_password=password)

    return dataclasses.replace(wanted, pairs=tuple(map(known, wanted.pairs)))


def _cleaning(wanted: Wanted, ask: Ask, *, check: bool) -> Plan:
    """Return the removal of former pairs."""
    wanted = _with_kept_passwords(wanted, in_settings.by_use(wanted.settings_path, ask), ask)
    own = _own_sids(wanted, ask)
    former = former_pairs.removals(wanted.pairs, wanted.settings_path, own, ask, check=check)
    gone = "".join(_line(found.pair, found.certificate) for found, _removal in former)
    operations = tuple(operation for _found, removal in former for operation in removal)
    return Plan(operations, (Diff("former pairs", gone, ""),), facts={"certificates": {}})


def _own_sids(wanted: Wanted, ask: Ask) -> frozenset[str]:
    """Return the SIDs that the agent has, or had."""
    return frozenset(sid for identity in (wanted.identity, *wanted.former) for sid in identity.known_sid(ask))


def _part(
    wanted: Wanted,
    pair: Pair,
    named: t.Mapping[str, Named],
    *,
    now: datetime.datetime,
    sid: str,
    ask: Ask,
    check: bool,
) -> _Part:
    """Return one pair's part of the plan; raises Refused."""
    name = next((named[use] for use in pair.uses if use in named), None)
    outcome = _outcome(wanted, pair, name, now, ask, check=check)
    chain_warnings = _chain_warnings(outcome, ask)  # or refused, before anything is read of the key
    imports = () if outcome.found else pair_material.operations(outcome.pair, outcome.material, sid, ask)
    rights = _rights(wanted, outcome, sid, ask)
    after = _line(outcome.pair, outcome.certificate, now)
    # In a store there are certificates that have nothing to do with the pair; both files of a pair are its own.
    replaced = [
        h
        for h in outcome.present
        if pair.path or pair.is_earlier(h.certificate) or (name and name.matches(h.certificate))
    ]
    before = after if outcome.found else "".join(_line(h.pair, h.certificate) for h in replaced)
    return _Part(
        outcome,
        imports=tuple(imports),
        rights=tuple(rights),
        warnings=(*chain_warnings, *_warnings(outcome, now)),
        before=before,
        after=after,
    )


def _time(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text[:19]).replace(tzinfo=datetime.UTC)


def _outcome(
    wanted: Wanted, pair: Pair, named: Named | None, now: datetime.datetime, ask: Ask, *, check: bool
) -> _Outcome:
    material = pair_material.from_container(pair, now, ask)
    present = on_server.installed(pair, ask)
    own = _own_sids(wanted, ask)
    found = on_server.suitable(pair, present, named, material.described if material else None, now, own, ask)
    if found:
        return _Outcome(pair=found.pair, found=found, present=present, certificate=found.certificate, material=material)
    if pair.path:
        roots.check(f"pairs: use {pair.use}: path", pair.path, ask)
    material = material or pair_material.kept_or_new(pair, wanted.keep, now, check=check)
    if "encryption" in pair.uses and pair.renew != "always" and (material is None or material.is_new):
        in_settings.refuse_losing(wanted.settings_path, ask)
    if pair.path:
        pair = dataclasses.replace(pair, path=pair_material.next_slot(pair, present, named))
    certificate = material.described if material else None
    return _Outcome(pair=pair, found=None, present=present, certificate=certificate, material=material)


def _chain_warnings(outcome: _Outcome, ask: Ask) -> tuple[Warned, ...]:
    """Return warnings of a missing chain, or refuse it: of what is imported, and of a site's from the store always."""
    pair, certificate = outcome.pair, outcome.certificate
    if certificate and (not outcome.found or (pair.source == IN_STORE and SERVER in pair.uses)):
        chain = outcome.material.signers if outcome.material else frozenset()
        return tuple(on_server.check_chain(pair, certificate, chain, ask))
    return ()


def _rights(wanted: Wanted, outcome: _Outcome, sid: str, ask: Ask) -> list[Operation]:
    """Return what grants and revokes the right to use the private key."""
    pair, installed = outcome.pair, outcome.found
    if pair.path:  # what is written gets its rights with its first byte
        return key_rights.only(installed, sid) if installed else []
    operations = []
    needed = key_rights.needed(pair, wanted.grant_server)
    has_it = needed and installed is not None and key_rights.is_granted(installed, wanted.identity, sid)
    if needed and not has_it:
        thumbprint = outcome.certificate.thumbprint if outcome.certificate else "to be created"
        operations.append(key_rights.grant(pair, thumbprint, wanted.identity, sid))
    return operations + (key_rights.revoke(installed, sid, wanted.former, ask) if installed else [])


def _settled(outcome: _Outcome) -> list[Mark]:
    """Return what later plans of a check-mode run build on."""
    return [] if outcome.found else [Mark(MarkKind.PAIR_RENEWED, use) for use in outcome.pair.uses]


def _warnings(outcome: _Outcome, now: datetime.datetime) -> t.Iterator[Warned]:
    pair, certificate = outcome.pair, outcome.certificate
    if certificate and certificate.days_left(now) <= pair.warn_days:
        yield Warned(
            f"the certificate {certificate.thumbprint} for use {pair.use} expires in {certificate.days_left(now)} days "
            f"({certificate.not_after:%Y-%m-%d}): {_successor(pair)}",
            WarningKind.CERTIFICATE_EXPIRES,
            pair.use,
        )
    if pair.renew == "when_expiring" and pair.source == MADE and pair.days <= pair.warn_days and not outcome.found:
        yield Warned(
            f"the new pair for use {pair.use} is valid for {pair.days} days and is renewed within {pair.warn_days} days"
            " of its end, so every run creates another one: set a smaller im_agent_renew_days, or warn_days of this"
            " entry of im_agent_certificates",
            WarningKind.RENEWED_EACH_RUN,
            pair.use,
        )
    if not pair.path and pair.store.lower() in ODD_STORES:
        yield Warned(
            f"store {pair.store} for use {pair.use} is a store of authorities: what is in it is trusted by the whole"
            " server. The vendor's sample has it; My is meant for key pairs: set store: My for it in"
            " im_agent_certificates, unless this is intended",
            WarningKind.AUTHORITIES_STORE,
            pair.use,
        )
    if not pair.path and pair.location == "CurrentUser":
        yield Warned(
            f"store {pair.where} for use {pair.use} is that of the account which Ansible connects as, while the agent"
            " sees its own only: set store_location: LocalMachine for it in im_agent_certificates, unless both are the"
            " same account",
            WarningKind.STORE_OF_ACCOUNT,
            pair.use,
        )


def _successor(pair: Pair) -> str:
    """Return how a pair is replaced before its end, by where it comes from."""
    if pair.source == MADE:
        return "run the playbook renew"
    what = "the thumbprint or subject" if pair.source == IN_STORE else "the file"
    return f"give {what} of its successor in im_agent_certificates"


def _line(pair: Pair, certificate: Certificate | None, now: datetime.datetime | None = None) -> str:
    if certificate is None:
        names = f", names {', '.join(pair.hosts)}" if pair.hosts else ""
        until = f" until {now + datetime.timedelta(days=pair.days):%Y-%m-%d}" if now else ""
        return (
            f"{pair.use}: {pair.where}, {pair.made_subject}, RSA {pair.bits}, self-signed, valid for {pair.days}"
            f" days{until}{names} (to be created)\n"
        )
    return (
        f"{pair.use}: {pair.where}, {certificate.subject}, RSA {certificate.bits}, thumbprint {certificate.thumbprint},"
        f" valid until {certificate.not_after:%Y-%m-%d}\n"
    )


def promised(wanted: Wanted) -> dict[str, t.Any]:
    """Return the facts of pairs that are all to be created: later tasks are planned with them where this is refused."""
    never = datetime.datetime(1, 1, 1, tzinfo=datetime.UTC)  # nothing is there whose days would be counted
    facts = {pair.use: _facts(_Outcome(pair, None, [], None, None), never) for pair in wanted.own}
    facts |= {pair.use: facts[pair.same_as] for pair in wanted.pairs if pair.same_as}
    return {"certificates": facts}


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
