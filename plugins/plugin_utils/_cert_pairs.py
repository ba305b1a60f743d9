# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The agent's key pairs and the site's certificate in the server's stores, with the right to use them. Docs:
win_im_cert_pair.yml.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime
import typing as t
from pathlib import Path

from cryptography.hazmat.primitives import serialization

from . import _json_text, _key_pair, _questions, _sddl, _windows_path
from ._identity import FORMER_SPEC, IDENTITY_SPEC, Identity
from ._key_pair import Certificate
from ._plan import Diff, Operation, Plan, Refused, write
from ._questions import Ask, Query

USES = ("encryption", "identity_server", "password_reset", "server")
SETTINGS_KEYS = {
    "encryption": ("EncryptionCertificate", "Thumbprint"),
    "identity_server": ("IdentityServer", "X509Thumbprint"),
}
ODD_STORES = {"authroot", "root", "ca"}

ARGUMENT_SPEC: dict[str, t.Any] = {
    "argument_spec": {
        "pairs": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {
                "use": {"type": "str", "choices": list(USES), "required": True},
                "source": {"type": "str", "choices": ["made", "pfx", "store"], "default": "made"},
                "subject": {"type": "str"},
                "alternative_names": {"type": "list", "elements": "str", "default": []},
                "key_size": {"type": "int", "choices": list(_key_pair.KEY_SIZES), "default": 2048},
                "valid_days": {"type": "int", "default": 3650},
                "file": {"type": "str"},
                "content": {"type": "str", "no_log": True},
                "password": {"type": "str", "no_log": True},
                "thumbprint": {"type": "str"},
                "store_location": {
                    "type": "str",
                    "choices": ["LocalMachine", "CurrentUser"],
                    "default": "LocalMachine",
                },
                "store_name": {"type": "str", "default": "My"},
                "warn_days": {"type": "int", "default": 30},
                "fail_days": {"type": "int", "default": 0},
                "renew": {"type": "str", "choices": ["never", "when_expiring"], "default": "never"},
            },
        },
        "identity": IDENTITY_SPEC,
        "former_identities": FORMER_SPEC,
        "grant_server": {"type": "bool", "default": False},
        "settings_path": {"type": "str"},
    },
}


@dataclasses.dataclass(frozen=True)
class Pair:
    """One key pair that shall be in a store.

    Attributes:
        use: what it is for.
        source: made, pfx or store.
        subject: of a pair to be made, or to be found.
        hosts: DNS names of a pair to be made; a ``server`` certificate has to cover them.
        container: a PFX or PEM from the controller, and its password.
    """

    use: str
    source: str
    subject: str
    hosts: tuple[str, ...]
    bits: int
    days: int
    container: bytes | None = dataclasses.field(repr=False)
    password: str = dataclasses.field(repr=False)
    thumbprint: str
    location: str
    store: str
    warn_days: int
    fail_days: int
    renew: str

    @classmethod
    def of(cls, number: int, given: dict[str, t.Any]) -> Pair:
        """Return a pair of the option ``pairs``; raises Refused."""
        where, source = f"pairs, entry {number} (use {given['use']})", given["source"]
        container = None
        if source == "pfx":
            container = _container(where, given)
        elif given.get("file") or given.get("content"):
            raise Refused(f"{where}: found file or content, wanted them with source pfx only")
        thumbprint = "".join(c for c in given.get("thumbprint") or "" if c.isalnum()).upper()
        if thumbprint and len(thumbprint) != 40:
            raise Refused(f"{where}: thumbprint: wanted 40 hexadecimal digits")
        if source == "store" and not (thumbprint or given.get("subject")):
            raise Refused(
                f"{where}: found neither thumbprint nor subject, wanted one, since the source is the server's store"
            )
        hosts = tuple(name.lower() for name in given["alternative_names"])
        if source == "made" and given["use"] == "server" and not hosts:
            raise Refused(f"{where}: alternative_names: found none, wanted the host name of the https binding")
        subject = given.get("subject") or f"CN={hosts[0] if hosts else 'Identity Manager Agent ' + given['use']}"
        _key_pair.subject_name(subject)
        return cls(
            given["use"],
            source,
            subject if source == "made" else given.get("subject") or "",
            hosts,
            given["key_size"],
            given["valid_days"],
            container,
            given.get("password") or "",
            thumbprint,
            given["store_location"],
            given["store_name"],
            given["warn_days"],
            given["fail_days"],
            given["renew"],
        )

    @property
    def question(self) -> Query:
        """Return the question about its store."""
        return _questions.certificates(self.location, self.store)


def _container(where: str, given: dict[str, t.Any]) -> bytes:
    if bool(given.get("file")) == bool(given.get("content")):
        raise Refused(f"{where}: wanted either file (a PFX or PEM on the controller) or content (the same as base64)")
    if given.get("content"):
        try:
            return base64.b64decode(given["content"], validate=True)
        except ValueError:
            raise Refused(f"{where}: content: wanted base64") from None
    try:
        return Path(given["file"]).expanduser().read_bytes()
    except OSError as error:
        raise Refused(f"{where}: file: cannot read {given['file']} on the controller: {error.strerror}") from None


@dataclasses.dataclass(frozen=True)
class Wanted:
    """The pairs, whom they are for, and the folder whose settings may name some already."""

    pairs: tuple[Pair, ...]
    identity: Identity
    former: tuple[Identity, ...]
    grant_server: bool
    settings_path: str

    @classmethod
    def of(cls, arguments: dict[str, t.Any]) -> Wanted:
        """Return what a task wants; raises Refused."""
        pairs = tuple(Pair.of(number, given) for number, given in enumerate(arguments["pairs"], start=1))
        uses = [pair.use for pair in pairs]
        twice = sorted({use for use in uses if uses.count(use) > 1})
        if twice:
            raise Refused(f"pairs: found use {twice[0]} twice, wanted one entry for each use")
        path = arguments.get("settings_path") or ""
        return cls(
            pairs,
            Identity.of(arguments["identity"]),
            tuple(Identity.of(former) for former in arguments["former_identities"]),
            arguments["grant_server"],
            _windows_path.normal(path) if path else "",
        )

    @property
    def settings_file(self) -> str:
        """Return the settings file that may name pairs."""
        return _windows_path.join(self.settings_path, "appsettings.json")


def questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return what the plan will ask."""
    stores = {_questions.key(pair.question): pair.question for pair in wanted.pairs}
    settings = (_questions.file(wanted.settings_file),) if wanted.settings_path else ()
    identities = (wanted.identity, *wanted.former)
    return (*stores.values(), *settings, *(query for identity in identities for query in identity.questions()))


@dataclasses.dataclass(frozen=True)
class _Held:
    """A certificate in a store of the server."""

    certificate: Certificate
    has_key: bool
    key: dict[str, t.Any] | None


def plan(wanted: Wanted, ask: Ask, *, check: bool) -> Plan:
    """Return what has to be imported and allowed; raises Refused for a pair that is not fit, before anything is
    written.
    """
    now = _time(ask(_questions.host())["time"])
    named = _named_by_settings(wanted, ask)
    imports: list[Operation] = []
    grants: list[Operation] = []
    warnings: list[str] = []
    before, after = [], []
    facts: dict[str, dict[str, t.Any]] = {}
    for pair in wanted.pairs:
        held = _held(pair, ask)
        found = _present(pair, held, named.get(pair.use), now)
        operation, certificate = (None, found.certificate) if found else _bring(pair, now, check)
        if operation:
            imports.append(operation)
        grants += [*_grant(wanted, pair, found, certificate, ask), *_take(wanted, pair, found, ask)]
        warnings += _warnings(pair, certificate, now)
        line = _line(pair, certificate)
        before += [line] if found else []
        after.append(line)
        facts[pair.use] = _facts(pair, certificate, now)
    restart = ("a key pair of the agent, or the right to use it, changed",) if imports or grants else ()
    return Plan(
        (*imports, *grants),
        (
            Diff("certificates", "".join(before), "".join(after)),
            Diff("private keys", "", "".join(f"{operation.does}\n" for operation in grants)),
        ),
        tuple(warnings),
        restart,
        facts={"certificates": facts},
    )


def _time(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text[:19]).replace(tzinfo=datetime.UTC)


def _held(pair: Pair, ask: Ask) -> list[_Held]:
    answer = ask(pair.question)
    if answer is None:
        raise Refused(f"the server has no certificate store {pair.location}\\{pair.store}")
    return [
        _Held(_key_pair.describe(base64.b64decode(item["certificate"])), item["has_private_key"], item["key"])
        for item in answer
    ]


def _named_by_settings(wanted: Wanted, ask: Ask) -> dict[str, str]:
    """Return the thumbprints that the server's settings name, by use. Settings that cannot be read name none."""
    answer = ask(_questions.file(wanted.settings_file)) if wanted.settings_path else None
    if not answer or not answer.get("content"):
        return {}
    try:
        data = _json_text.parse(base64.b64decode(answer["content"]).decode("utf-8-sig")).data
    except (_json_text.BadJson, UnicodeDecodeError):
        return {}
    found = {}
    for use, path in SETTINGS_KEYS.items():
        value: t.Any = data
        for key in path:
            inside = {k.lower(): v for k, v in value.items()} if isinstance(value, dict) else {}
            value = inside.get(key.lower())
        if isinstance(value, str) and value:
            found[use] = value.replace(" ", "").upper()
    return found


def _present(pair: Pair, held: list[_Held], named: str | None, now: datetime.datetime) -> _Held | None:
    """Return the certificate in the store that serves; None when one has to be brought."""
    if pair.source == "pfx":
        assert pair.container is not None
        _, certificate, _ = _key_pair.read(pair.container, pair.password, f"the container of use {pair.use}")
        described = _key_pair.describe(certificate.public_bytes(serialization.Encoding.DER))
        _judge(pair, described, now)
        return next((h for h in held if h.certificate.thumbprint == described.thumbprint and h.has_key), None)
    if pair.source == "store":
        return _chosen(pair, held, now)
    fit = [h for h in held if h.has_key and not _objections(pair, h.certificate, now)]
    if pair.renew == "when_expiring":
        fit = [h for h in fit if h.certificate.days_left(now) > pair.warn_days]
    # What the settings name comes first: an execution environment forgets its folders, the server does not.
    by_name = next((h for h in fit if h.certificate.thumbprint == named), None)
    subject = _key_pair.subject_name(pair.subject).rfc4514_string()
    same = [h for h in fit if h.certificate.subject == subject and h.certificate.issuer == subject]
    return by_name or max(same, key=lambda h: h.certificate.not_after, default=None)


def _chosen(pair: Pair, held: list[_Held], now: datetime.datetime) -> _Held:
    if pair.thumbprint:
        found = [h for h in held if h.certificate.thumbprint == pair.thumbprint]
        what = f"thumbprint {pair.thumbprint}"
    else:
        wanted = _key_pair.subject_name(pair.subject).rfc4514_string()
        found = [h for h in held if h.certificate.subject == wanted]
        what = f"subject {pair.subject}"
    where = f"{pair.location}\\{pair.store}"
    if not found:
        raise Refused(f"found no certificate with {what} in {where} of the server, for use {pair.use}")
    if len(found) > 1:
        listed = "; ".join(f"{h.certificate.thumbprint} until {h.certificate.not_after:%Y-%m-%d}" for h in found)
        raise Refused(f"found {len(found)} certificates with {what} in {where}: {listed}. Name one by its thumbprint")
    if not found[0].has_key:
        raise Refused(f"the certificate with {what} in {where} has no private key: import its PFX")
    _judge(pair, found[0].certificate, now)
    return found[0]


def _objections(pair: Pair, certificate: Certificate, now: datetime.datetime) -> list[str]:
    return _key_pair.objections(certificate, now, use=pair.use, hosts=pair.hosts, fail_days=pair.fail_days)


def _judge(pair: Pair, certificate: Certificate, now: datetime.datetime) -> None:
    found = _objections(pair, certificate, now)
    if found:
        raise Refused(
            f"the certificate {certificate.thumbprint} ({certificate.subject}) for use {pair.use}: {'; '.join(found)}"
        )


def _bring(pair: Pair, now: datetime.datetime, check: bool) -> tuple[Operation, Certificate | None]:
    """Return the import, and the certificate that comes; in check mode none is made, so none is known."""
    if pair.source == "made":
        if check:
            return write(f"make a key pair for use {pair.use}", "certificate"), None
        key, made = _key_pair.make(pair.subject, now, use=pair.use, hosts=pair.hosts, bits=pair.bits, days=pair.days)
        chain: list[t.Any] = []
    else:
        assert pair.container is not None
        key, made, chain = _key_pair.read(pair.container, pair.password, f"the container of use {pair.use}")
    certificate = _key_pair.describe(made.public_bytes(serialization.Encoding.DER))
    phrase = _key_pair.passphrase()  # the container lives for one execution
    operation = write(
        f"import the key pair for use {pair.use}",
        "certificate",
        secret=True,
        content=base64.b64encode(_key_pair.pfx(key, made, phrase, chain)).decode(),
        password=phrase,
        location=pair.location,
        store=pair.store,
        thumbprint=certificate.thumbprint,
        exportable=False,
    )
    return operation, certificate


def _grant(
    wanted: Wanted, pair: Pair, found: _Held | None, certificate: Certificate | None, ask: Ask
) -> list[Operation]:
    """Return the right on the private key, unless the identity has it. A site's certificate is opened by HTTP.sys as
    SYSTEM; an agent that is a service opens its own.
    """
    if (pair.use == "server" and not wanted.grant_server) or pair.location != "LocalMachine":
        return []
    sid = wanted.identity.sid(ask)
    if found and found.key and found.key.get("sddl"):
        granted = _sddl.parse(found.key["sddl"]).granted(wanted.identity.token(sid))
        if granted & 0x1 and granted & 0x20000:
            return []
    elif found:
        reason = (found.key or {}).get("error") or "it has no key file"
        raise Refused(
            f"the rights on the private key of {found.certificate.thumbprint} (use {pair.use}) cannot be read:"
            f" {reason}. Import the pair anew from its PFX into the machine's store"
        )
    thumbprint = certificate.thumbprint if certificate else "to be made"
    arguments = {
        "path": f"Cert:\\{pair.location}\\{pair.store}\\{thumbprint}",
        "user": sid,
        "rights": "Read",
        "type": "allow",
        "state": "present",
    }
    does = f"allow {wanted.identity.name} to use the private key for {pair.use}"
    return [Operation(does, "ansible.windows.win_acl", arguments)]


def _take(wanted: Wanted, pair: Pair, found: _Held | None, ask: Ask) -> list[Operation]:
    """Return what takes the right on the private key from those who had it before."""
    if found is None or not found.key or not found.key.get("sddl"):
        return []
    security, now = _sddl.parse(found.key["sddl"]), wanted.identity.sid(ask)
    operations = []
    for former in wanted.former:
        for sid in former.known_sid(ask):
            if sid == now or not any(ace.allows for ace in security.of(sid, inherited=False)):
                continue
            arguments = {
                "path": f"Cert:\\{pair.location}\\{pair.store}\\{found.certificate.thumbprint}",
                "user": sid,
                "rights": "FullControl",
                "type": "allow",
                "state": "absent",
            }
            does = f"take the private key for {pair.use} from {former.name}"
            operations.append(Operation(does, "ansible.windows.win_acl", arguments))
    return operations


def _warnings(pair: Pair, certificate: Certificate | None, now: datetime.datetime) -> t.Iterator[str]:
    if certificate and certificate.days_left(now) <= pair.warn_days:
        yield (
            f"the certificate {certificate.thumbprint} for use {pair.use} expires in {certificate.days_left(now)} days "
            f"({certificate.not_after:%Y-%m-%d})"
        )
    if pair.store.lower() in ODD_STORES:
        yield (
            f"store {pair.store} for use {pair.use} is a store of authorities: what is in it is trusted by the whole"
            " server. The vendor's sample has it; My is meant for key pairs"
        )


def _line(pair: Pair, certificate: Certificate | None) -> str:
    where = f"{pair.location}\\{pair.store}"
    if certificate is None:
        names = f", names {', '.join(pair.hosts)}" if pair.hosts else ""
        return (
            f"{pair.use}: {where}, {pair.subject}, RSA {pair.bits}, self-signed, valid for {pair.days} days{names} (to"
            " be made)\n"
        )
    return (
        f"{pair.use}: {where}, {certificate.subject}, RSA {certificate.bits}, thumbprint {certificate.thumbprint},"
        f" valid until {certificate.not_after:%Y-%m-%d}\n"
    )


def _facts(pair: Pair, certificate: Certificate | None, now: datetime.datetime) -> dict[str, t.Any]:
    return {
        "thumbprint": certificate.thumbprint if certificate else None,
        "subject": certificate.subject if certificate else pair.subject,
        "not_after": certificate.not_after.strftime("%Y-%m-%dT%H:%M:%SZ") if certificate else None,
        "days_left": certificate.days_left(now) if certificate else None,
        "store_location": pair.location,
        "store_name": pair.store,
    }
