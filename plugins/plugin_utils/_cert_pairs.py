# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The agent's key pairs and the site's certificate in the server's stores, with the right to use them. Docs:
win_im_cert_pair.yml.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime
import functools
import typing as t
from pathlib import Path

from cryptography.hazmat.primitives import serialization

from . import _iis_config, _json_text, _kept_pair, _key_pair, _questions, _sddl, _windows_path
from ._identity import FORMER_SPEC, IDENTITY_SPEC, Identity
from ._key_pair import Certificate
from ._load_order import AGENT, GENERAL, MAX_BYTES
from ._plan import ControllerFile, Diff, Operation, Plan, Refused, write
from ._questions import Ask, Query

USES = ("encryption", "identity_server", "password_reset", "server")
SETTINGS_KEYS = {
    "encryption": (GENERAL, ("EncryptionCertificate", "Thumbprint")),
    "identity_server": (GENERAL, ("IdentityServer", "X509Thumbprint")),
    "password_reset": (AGENT, ("PasswordResetSettings", "EncryptionCertificate", "Thumbprint")),
}
SDK = "sdk"
STORE, FILE = "store", "file"
FILE_RIGHTS = "D:PAI(A;;FA;;;SY)(A;;FA;;;BA)(A;;FR;;;{sid})"
OWNERS = {"S-1-5-18", "S-1-5-32-544"}
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
                "renew": {"type": "str", "choices": ["never", "when_expiring", "always"], "default": "never"},
                "place": {"type": "str", "choices": [STORE, FILE], "default": STORE},
                "path": {"type": "str"},
                "file_password": {"type": "str", "no_log": True},
                "container": {"type": "str", "choices": ["compatible", "modern"], "default": "compatible"},
                "same_as": {"type": "str", "choices": list(USES)},
            },
        },
        "identity": IDENTITY_SPEC,
        "former_identities": FORMER_SPEC,
        "grant_server": {"type": "bool", "default": False},
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
class Pair:
    """One key pair that shall be in a store.

    Attributes:
        use: what it is for.
        source: made, pfx or store.
        subject: of a pair to be made, or to be found.
        hosts: DNS names of a pair to be made; a ``server`` certificate has to cover them.
        container: a PFX or PEM from the controller, and its password.
        path: of a PFX file on the server, where the pair is kept in one; empty for a store.
        file_password: of that file.
        modern: whether containers are made with AES, which Windows Server 2016 does not read.
        same_as: another use whose pair serves this one too.
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
    path: str
    file_password: str = dataclasses.field(repr=False)
    modern: bool
    same_as: str

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
        if given["place"] == FILE and (source == "store" or given["use"] == "server"):
            raise Refused(f"{where}: place: found 'file', wanted 'store' for source store and for use server")
        if source == "store" and not (thumbprint or given.get("subject")):
            raise Refused(
                f"{where}: found neither thumbprint nor subject, wanted one, since the source is the server's store"
            )
        hosts = tuple(name.lower() for name in given["alternative_names"])
        if source == "made" and given["use"] == "server" and not hosts and not given.get("same_as"):
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
            _place(where, given),
            given.get("file_password") or "",
            given["container"] == "modern",
            given.get("same_as") or "",
        )

    @property
    def questions(self) -> tuple[Query, ...]:
        """Return the questions about its place."""
        if self.same_as:
            return ()
        if self.path:
            return (_questions.file(self.path), _questions.acl(self.path))
        return (_questions.certificates(self.location, self.store),)

    @property
    def where(self) -> str:
        """Return its place in words."""
        return self.path or f"{self.location}\\{self.store}"

    def due(self, certificate: Certificate, now: datetime.datetime) -> bool:
        """Tell whether a certificate has to be renewed."""
        return self.renew == "always" or (
            self.renew == "when_expiring" and certificate.days_left(now) <= self.warn_days
        )


def _place(where: str, given: dict[str, t.Any]) -> str:
    """Return the path of the PFX file on the server; empty for a store."""
    if given["place"] == STORE:
        if given.get("path") or given.get("file_password"):
            raise Refused(f"{where}: found path or file_password, wanted them with place file only")
        return ""
    path = given.get("path") or ""
    reason = _windows_path.why_not_absolute(path)
    if reason:
        raise Refused(f"{where}: path: found {path!r}, wanted the PFX file's absolute Windows path ({reason})")
    if not given.get("file_password"):
        raise Refused(f"{where}: file_password: found nothing, wanted the password that protects the file")
    return _windows_path.normal(path)


def _container(where: str, given: dict[str, t.Any]) -> bytes:
    if bool(given.get("file")) == bool(given.get("content")):
        raise Refused(f"{where}: wanted either file (a PFX or PEM on the controller) or content (the same as base64)")
    if given.get("content"):
        try:
            return base64.b64decode(given["content"], validate=True)
        except ValueError:
            raise Refused(f"{where}: content: wanted base64") from None
    if SDK in {part.lower() for part in Path(given["file"]).parts[:-1]}:
        raise Refused(
            f"{where}: file: found {given['file']}, a sample of the SDK, wanted a pair of your own: the agent refuses"
            " to start with that one"
        )
    try:
        return Path(given["file"]).expanduser().read_bytes()
    except OSError as error:
        raise Refused(f"{where}: file: cannot read {given['file']} on the controller: {error.strerror}") from None


@dataclasses.dataclass(frozen=True)
class Wanted:
    """The pairs, whom they are for, and the folder whose settings may name some already.

    Attributes:
        keep: folder, agent and passphrase of pairs that are kept on the controller; None: they live on the server only.
        cleaned: whether former pairs are to be removed, instead of pairs to be brought.
    """

    pairs: tuple[Pair, ...]
    identity: Identity
    former: tuple[Identity, ...]
    grant_server: bool
    settings_path: str
    keep: tuple[str, str, str] | None = dataclasses.field(repr=False)
    cleaned: bool

    @classmethod
    def of(cls, arguments: dict[str, t.Any]) -> Wanted:
        """Return what a task wants; raises Refused."""
        pairs = tuple(Pair.of(number, given) for number, given in enumerate(arguments["pairs"], start=1))
        uses = [pair.use for pair in pairs]
        twice = sorted({use for use in uses if uses.count(use) > 1})
        if twice:
            raise Refused(f"pairs: found use {twice[0]} twice, wanted one entry for each use")
        for pair in pairs:
            if pair.same_as and next((p.same_as for p in pairs if p.use == pair.same_as), "x"):
                raise Refused(f"pairs: use {pair.use}: same_as {pair.same_as}: wanted a use that has a pair of its own")
        path, keep = arguments.get("settings_path") or "", arguments.get("keep")
        if keep:
            _kept_pair.check_passphrase(keep["passphrase"])
            _kept_pair.path_of(keep["folder"], keep["agent"], "encryption")
        return cls(
            pairs,
            Identity.of(arguments["identity"]),
            tuple(Identity.of(former) for former in arguments["former_identities"]),
            arguments["grant_server"],
            _windows_path.normal(path) if path else "",
            (keep["folder"], keep["agent"], keep["passphrase"]) if keep else None,
            arguments["state"] == "cleaned",
        )

    def settings_question(self, name: str) -> Query:
        """Ask for a settings file that may name pairs, as the settings' own plan asks."""
        return _questions.file(_windows_path.join(self.settings_path, name), MAX_BYTES)

    def kept_path(self, pair: Pair) -> Path | None:
        """Return where a pair that is made is kept on the controller; None where it is not."""
        if self.keep is None or pair.source != "made":
            return None
        return _kept_pair.path_of(self.keep[0], self.keep[1], pair.use)


def questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return what the plan will ask."""
    places = {_questions.key(query): query for pair in wanted.pairs for query in pair.questions}
    files = tuple(wanted.settings_question(name) for name in (GENERAL, AGENT)) if wanted.settings_path else ()
    identities = (wanted.identity, *wanted.former)
    bound = (_bindings(_iis_config.TLS_ADDRESSES), _bindings(_iis_config.TLS_NAMES)) if wanted.cleaned else ()
    return (*places.values(), *files, *bound, *(query for identity in identities for query in identity.questions()))


def _bindings(key: str) -> Query:
    return _questions.registry(key, depth=1)


@dataclasses.dataclass(frozen=True)
class _Held:
    """A certificate in a place of the server.

    Attributes:
        certificate: what is known of it.
        has_key: whether its private key is there.
        key: the key's file and its rights; for a PFX file, those of the file itself.
    """

    certificate: Certificate
    has_key: bool
    key: dict[str, t.Any] | None


@dataclasses.dataclass(frozen=True)
class _Material:
    """What is brought to the server: key, certificate and chain, and the file that keeps them on the controller."""

    key: t.Any = dataclasses.field(repr=False)
    certificate: t.Any
    chain: tuple[t.Any, ...] = ()
    kept: tuple[ControllerFile, ...] = ()

    @property
    def described(self) -> Certificate:
        """Return what is known of the certificate."""
        return _key_pair.describe(self.certificate.public_bytes(serialization.Encoding.DER))


def plan(wanted: Wanted, ask: Ask, *, check: bool) -> Plan:
    """Return what has to be imported and allowed; raises Refused for a pair that is not fit, before anything is
    written.
    """
    if wanted.cleaned:
        return _cleaned(wanted, ask, check=check)
    now = _time(ask(_questions.host())["time"])
    named = _named_by_settings(wanted, ask)
    imports: list[Operation] = []
    grants: list[Operation] = []
    kept: list[ControllerFile] = []
    warnings: list[str] = []
    settles: list[str] = []
    before, after = [], []
    facts: dict[str, dict[str, t.Any]] = {}
    for pair in (pair for pair in wanted.pairs if not pair.same_as):
        held = _held(pair, ask)
        found = _present(pair, held, named.get(pair.use), now)
        certificate: Certificate | None
        if found:
            certificate = found.certificate
            settles += [f"serves {pair.use} {certificate.thumbprint}"]
        else:
            material = _material(wanted, pair, now, check=check)
            warnings += _judge_chain(pair, material, ask)
            certificate = material.described if material else None
            imports += _imports(wanted, pair, material, certificate, ask)
            kept += material.kept if material else ()
            settles += [f"renews {pair.use}"]
        grants += [*_grant(wanted, pair, found, certificate, ask), *_take(wanted, pair, found, ask)]
        warnings += _warnings(pair, found, certificate, wanted.identity.sid(ask), now)
        line = _line(pair, certificate)
        before += [line] if found else [_line(pair, h.certificate) for h in held if _same_subject(pair, h)]
        after.append(line)
        facts[pair.use] = _facts(pair, certificate, now)
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
        kept=tuple(kept),
        facts={"certificates": facts},
    )


def _same_subject(pair: Pair, held: _Held) -> bool:
    """Tell whether a certificate is an earlier one of a pair that is made."""
    if pair.source != "made":
        return False
    subject = _key_pair.subject_name(pair.subject).rfc4514_string()
    return held.certificate.subject == subject and held.certificate.issuer == subject


def _cleaned(wanted: Wanted, ask: Ask, *, check: bool) -> Plan:
    """Return the removal of former pairs: earlier ones of a made pair, that no setting and no binding names any more.

    It belongs behind the proof that the agent works with the new pair.
    """
    named = set(_named_by_settings(wanted, ask).values())
    served = _iis_config.served(ask(_bindings(_iis_config.TLS_ADDRESSES)), ask(_bindings(_iis_config.TLS_NAMES)))
    bound = {binding.thumbprint for binding in served.values()}
    renewed = {text.removeprefix("renews ") for text in ask(_questions.settled()) if text.startswith("renews ")}
    operations, gone = [], []
    for pair in wanted.pairs:
        if pair.source != "made" or pair.path or pair.same_as:
            continue
        mine = [h for h in _held(pair, ask) if _same_subject(pair, h) and h.has_key]
        used = [h for h in mine if h.certificate.thumbprint in named | bound]
        serves = max(used or mine, key=lambda h: h.certificate.not_after, default=None)
        for held in mine:
            thumbprint = held.certificate.thumbprint
            newer = serves is not None and held.certificate.not_after > serves.certificate.not_after
            stays = held is serves or held in used or newer
            if stays and not (check and pair.use in renewed):
                continue
            operations.append(
                write(
                    f"remove the former pair {thumbprint} of use {pair.use}",
                    "uncertificate",
                    location=pair.location,
                    store=pair.store,
                    thumbprint=thumbprint,
                )
            )
            gone.append(_line(pair, held.certificate))
    return Plan(tuple(operations), (Diff("former pairs", "".join(gone), ""),), facts={"certificates": {}})


def _time(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text[:19]).replace(tzinfo=datetime.UTC)


def _held(pair: Pair, ask: Ask) -> list[_Held]:
    """Return the certificates in a pair's place."""
    if pair.path:
        return _held_in_file(pair, ask)
    (question,) = pair.questions
    answer = ask(question)
    if answer is None:
        raise Refused(f"the server has no certificate store {pair.where}")
    return [
        _Held(_key_pair.describe(base64.b64decode(item["certificate"])), item["has_private_key"], item["key"])
        for item in answer
    ]


def _held_in_file(pair: Pair, ask: Ask) -> list[_Held]:
    content, rights = (ask(question) for question in pair.questions)
    if not content:
        return []
    if content["type"] != "file" or content["content"] is None:
        raise Refused(f"{pair.path}: found a folder or a large file, wanted the PFX file of use {pair.use}")
    raw = base64.b64decode(content["content"])
    certificate = _key_pair.read(raw, pair.file_password, f"the file {pair.path} of use {pair.use}")[1]
    described = _key_pair.describe(certificate.public_bytes(serialization.Encoding.DER))
    return [_Held(described, True, {"path": pair.path, "sddl": rights[0]["sddl"], "sha256": content["sha256"]})]


def _named_by_settings(wanted: Wanted, ask: Ask) -> dict[str, str]:
    """Return the thumbprints that the server's settings name, by use. Settings that cannot be read name none."""
    if not wanted.settings_path:
        return {}
    data = {name: _settings(ask(wanted.settings_question(name))) for name in (GENERAL, AGENT)}
    found = {}
    for use, (name, path) in SETTINGS_KEYS.items():
        value: t.Any = data[name]
        for key in path:
            inside = {k.lower(): v for k, v in value.items()} if isinstance(value, dict) else {}
            value = inside.get(key.lower())
        if isinstance(value, str) and value:
            found[use] = value.replace(" ", "").upper()
    return found


def _settings(answer: dict[str, t.Any] | None) -> dict[str, t.Any]:
    if not answer or not answer.get("content"):
        return {}
    try:
        return _json_text.parse(base64.b64decode(answer["content"]).decode("utf-8-sig")).data
    except (_json_text.BadJson, UnicodeDecodeError):
        return {}


def _present(pair: Pair, held: list[_Held], named: str | None, now: datetime.datetime) -> _Held | None:
    """Return the certificate in its place that serves; None when one has to be brought."""
    if pair.source == "pfx":
        described = _given(pair).described
        _judge(pair, described, now)
        return next((h for h in held if h.certificate.thumbprint == described.thumbprint and h.has_key), None)
    if pair.source == "store":
        return _chosen(pair, held, now)
    fit = [h for h in held if h.has_key and not _objections(pair, h.certificate, now)]
    fit = [h for h in fit if not pair.due(h.certificate, now)]
    if pair.path:
        return next(iter(fit), None)
    # What the settings name comes first: an execution environment forgets its folders, the server does not.
    by_name = next((h for h in fit if h.certificate.thumbprint == named), None)
    return by_name or max(
        (h for h in fit if _same_subject(pair, h)), key=lambda h: h.certificate.not_after, default=None
    )


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


def _judge_chain(pair: Pair, material: _Material | None, ask: Ask) -> t.Iterator[str]:
    """Yield a warning, or for a site refuse, where the certificate of who signed is nowhere."""
    if material is None or material.certificate.issuer == material.certificate.subject:
        return
    issuer = material.certificate.issuer.rfc4514_string()
    known = {c.subject.rfc4514_string() for c in material.chain}
    for store in () if issuer in known else ("CA", "Root"):
        held = ask(_questions.certificates(pair.location, store)) or []
        known |= {_key_pair.describe(base64.b64decode(item["certificate"])).subject for item in held}
    if issuer in known:
        return
    sentence = (
        f"the certificate for use {pair.use} was signed by {issuer}, whose certificate is neither in the container nor"
        " in the server's stores CA and Root: export the container with its chain"
    )
    if pair.use == "server":
        raise Refused(f"{sentence}; browsers would not trust the site")
    yield sentence


@functools.cache
def _opened(container: bytes, password: str, what: str) -> tuple[t.Any, t.Any, tuple[t.Any, ...]]:
    """Read a container once; opening one takes tens of milliseconds on purpose."""
    key, certificate, chain = _key_pair.read(container, password, what)
    return key, certificate, tuple(chain)


def _given(pair: Pair) -> _Material:
    """Return what a container from the controller holds."""
    key, certificate, chain = _opened(pair.container or b"", pair.password, f"the container of use {pair.use}")
    return _Material(key, certificate, chain)


def _material(wanted: Wanted, pair: Pair, now: datetime.datetime, *, check: bool) -> _Material | None:
    """Return what comes to the server; None in check mode for a pair that would be made."""
    if pair.source != "made":
        return _given(pair)
    path = wanted.kept_path(pair)
    if path and wanted.keep:
        kept = _kept_pair.read(path, wanted.keep[2])
        if kept:
            material = _Material(*kept)
            described = material.described
            if not _objections(pair, described, now) and not pair.due(described, now):
                return material
    if check:
        return None
    key, made = _key_pair.make(pair.subject, now, use=pair.use, hosts=pair.hosts, bits=pair.bits, days=pair.days)
    kept_files = (_kept_pair.file(path, wanted.keep[2], key, made),) if path and wanted.keep else ()
    return _Material(key, made, (), kept_files)


def _imports(
    wanted: Wanted, pair: Pair, material: _Material | None, certificate: Certificate | None, ask: Ask
) -> list[Operation]:
    """Return what brings a pair to its place; in check mode a pair that would be made has no bytes."""
    if material is None or certificate is None:
        return [write(f"make a key pair for use {pair.use}", "certificate")]
    if pair.path:
        return [_file_import(wanted, pair, material, ask)]
    phrase = _key_pair.passphrase()  # the container lives for one execution
    container = _key_pair.pfx(material.key, material.certificate, phrase, material.chain, modern=pair.modern)
    brought = write(
        f"import the key pair for use {pair.use}",
        "certificate",
        secret=True,
        content=base64.b64encode(container).decode(),
        password=phrase,
        location=pair.location,
        store=pair.store,
        thumbprint=certificate.thumbprint,
        exportable=False,
    )
    return [*_chain(pair, material), brought]


def _file_import(wanted: Wanted, pair: Pair, material: _Material, ask: Ask) -> Operation:
    present = ask(_questions.file(pair.path))
    container = _key_pair.pfx(
        material.key, material.certificate, pair.file_password, material.chain, modern=pair.modern
    )
    return write(
        f"write the key pair for use {pair.use} to {pair.path}",
        "file",
        secret=True,
        path=pair.path,
        content=base64.b64encode(container).decode(),
        expect=present["sha256"] if present else "absent",
        sddl=FILE_RIGHTS.format(sid=wanted.identity.sid(ask)),
        backups=0,
    )


def _chain(pair: Pair, material: _Material) -> list[Operation]:
    """Return the import of intermediate certificates, which clients are sent; whom to trust is not decided here."""
    operations = []
    for certificate in material.chain:
        if certificate.issuer == certificate.subject:
            continue
        der = certificate.public_bytes(serialization.Encoding.DER)
        operations.append(
            write(
                f"import a certificate of the chain for use {pair.use}",
                "certificate",
                content=base64.b64encode(der).decode(),
                location=pair.location,
                store="CA",
                thumbprint=_key_pair.describe(der).thumbprint,
                keyless=True,
            )
        )
    return operations


def _grant(
    wanted: Wanted, pair: Pair, found: _Held | None, certificate: Certificate | None, ask: Ask
) -> list[Operation]:
    """Return the right on the private key, unless the identity has it. A site's certificate is opened by HTTP.sys as
    SYSTEM; an agent that is a service opens its own.
    """
    if (pair.use == "server" and not wanted.grant_server) or pair.location != "LocalMachine":
        return []
    if pair.path and found is None:
        return []  # a new file is written with its rights
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
    arguments = _right(pair, certificate.thumbprint if certificate else "to be made", sid, "Read", "present")
    does = f"allow {wanted.identity.name} to use the private key for {pair.use}"
    return [Operation(does, "ansible.windows.win_acl", arguments)]


def _right(pair: Pair, thumbprint: str, sid: str, rights: str, state: str) -> dict[str, t.Any]:
    path = pair.path or f"Cert:\\{pair.location}\\{pair.store}\\{thumbprint}"
    return {"path": path, "user": sid, "rights": rights, "type": "allow", "state": state}


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
            arguments = _right(pair, found.certificate.thumbprint, sid, "FullControl", "absent")
            does = f"take the private key for {pair.use} from {former.name}"
            operations.append(Operation(does, "ansible.windows.win_acl", arguments))
    return operations


def _warnings(
    pair: Pair, found: _Held | None, certificate: Certificate | None, sid: str, now: datetime.datetime
) -> t.Iterator[str]:
    if pair.path and found and found.key:
        others = {a.sid for a in _sddl.parse(found.key["sddl"]).aces if a.allows and a.sid not in {sid, *OWNERS}}
        if others:
            readers = ", ".join(map(_sddl.name, sorted(others)))
            yield f"{pair.path}, the key pair for use {pair.use}, can be read by {readers} too: take these entries away"
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
    where = pair.where
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
    place = {"file": pair.path} if pair.path else {"store_location": pair.location, "store_name": pair.store}
    return {
        **place,
        "thumbprint": certificate.thumbprint if certificate else None,
        "subject": certificate.subject if certificate else pair.subject,
        "not_after": certificate.not_after.strftime("%Y-%m-%dT%H:%M:%SZ") if certificate else None,
        "days_left": certificate.days_left(now) if certificate else None,
    }
