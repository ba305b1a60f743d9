# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""appsettings.json, appsettings.agent.json and their companions: what is wanted, merged into the files' text. Docs:
win_im_agent_settings.yml.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import re
import typing as t

from . import (
    _certificate_password,
    _connector_rules,
    _fingerprint,
    _inventory_value,
    _json_text,
    _known_settings,
    _load_order,
    _mask,
    _product_rules,
    _protection,
    _proxy,
    _questions,
    _windows_path,
)
from ._certificate_password import Protected
from ._certificate_rules import NO_THUMBPRINT
from ._load_order import AGENT, CONNECTION, CYBERARK, ENCRYPTED_AGENT, ENCRYPTED_GENERAL, GENERAL, MAX_BYTES, Place
from ._plan import Diff, Operation, Plan, Refused, write
from ._protection import MODES, PLAIN, Choice, Kept
from ._questions import Ask, Query
from ._rule import Settings, get

TOOL = "Usercube-Protect-X509JsonFile.exe"
TOOL_ARGUMENTS = ("--input-json-file-path", "{input}", "--output-json-file-path", "{output}")
UNMANAGED = ("keep", "report", "remove")
_CERTIFICATE = {
    "type": "dict",
    "options": {
        "thumbprint": {"type": "str"},
        "subject": {"type": "str"},
        "store_location": {"type": "str"},
        "store_name": {"type": "str"},
        "file": {"type": "str"},
        "password": {"type": "str", "no_log": True},
        "not_after": {"type": "str"},
        "days_left": {"type": "int"},
    },
}

ARGUMENT_SPEC: dict[str, t.Any] = {
    "argument_spec": {
        "path": {"type": "str", "required": True},
        "server_url": {"type": "str"},
        "agent_identifier": {"type": "str"},
        "openid_clients": {"type": "dict", "no_log": True},
        "default_openid_client": {"type": "str"},
        "encryption_certificate": _CERTIFICATE,
        "identity_server_certificate": _CERTIFICATE,
        "https_certificate": _CERTIFICATE,
        "password_reset_certificate": _CERTIFICATE,
        "connections": {"type": "dict", "no_log": True},
        "connectors": {"type": "dict", "default": {}},
        "databases": {"type": "dict", "no_log": True},
        "sources_root_paths": {"type": "list", "elements": "str"},
        "mail": {"type": "dict", "no_log": True},
        "scheduler": {"type": "dict"},
        "logging": {"type": "dict"},
        "cors": {"type": "dict"},
        "temp_folder": {"type": "str"},
        "work_folder": {"type": "str"},
        "settings": {"type": "dict", "no_log": True, "default": {}},
        "agent_settings": {"type": "dict", "no_log": True, "default": {}},
        "absent": {"type": "list", "elements": "str", "default": []},
        "agent_absent": {"type": "list", "elements": "str", "default": []},
        "unmanaged": {"type": "str", "choices": list(UNMANAGED), "default": "keep"},
        "protection": {"type": "str", "choices": list(MODES), "default": PLAIN},
        "protections": {"type": "dict", "default": {}},
        "plain_accepted": {"type": "list", "elements": "str", "default": []},
        "certificate_password_protection": {
            "type": "str",
            "choices": list(_certificate_password.MODES),
            "default": _certificate_password.PLAIN,
        },
        "fingerprint_key": _fingerprint.KEY_SPEC,
        "reencrypt": {"type": "str", "choices": ["auto", "always"], "default": "auto"},
        "cyberark": {
            "type": "dict",
            "options": {
                "safe_name": {"type": "str", "required": True},
                "application_id": {"type": "str", "required": True},
                "server": {"type": "str", "required": True},
                "accounts": {"type": "dict", "required": True},
                "certificate": _CERTIFICATE,
            },
        },
        "azure_key_vault": {
            "type": "dict",
            "options": {
                "vault": {"type": "str", "required": True},
                "connection_string": {"type": "str", "no_log": True},
            },
        },
        "reverse_proxy": {"type": "bool", "default": False},
        "hosting": {"type": "str", "choices": ["iis", "service"], "default": "iis"},
        "backup_count": {"type": "int", "default": 5},
        "strict": {"type": "bool", "default": False},
    },
}
_TREES = (
    *("openid_clients", "connections", "databases", "mail", "scheduler", "logging", "cors"),
    *("settings", "agent_settings"),
)
"""Options that hold settings as they are written."""
_PLAIN_NAMES = {
    "file": "File",
    "password": "Password",
    "thumbprint": "Thumbprint",
    "subject": "DistinguishedName",
    "store_location": "StoreLocation",
    "store_name": "StoreName",
}
_X509_NAMES = {
    "file": "X509KeyFilePath",
    "password": "X509KeyFilePassword",
    "thumbprint": "X509Thumbprint",
    "subject": "X509SubjectDistinguishedName",
    "store_location": "X509StoreLocation",
    "store_name": "X509StoreName",
}


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What the files shall hold beside what they hold already.

    Attributes:
        place: where the files are.
        general: changes of appsettings.json; REMOVE takes a key away.
        agent: changes of appsettings.agent.json.
        choice: where each secret is kept.
        accounts: CyberArk account names in the tree of Connections; None without CyberArk.
        connectors: which connector reads a section of Connections.
        certificate_password_protection: whether the passwords of PFX files are in clear, or made by the vendor's tool.
        always: whether what is encrypted is written again on every run.
    """

    place: Place
    general: dict[str, t.Any] = dataclasses.field(repr=False)
    agent: dict[str, t.Any] = dataclasses.field(repr=False)
    choice: Choice
    accounts: dict[str, t.Any] | None
    connectors: dict[str, t.Any]
    certificate_password_protection: str
    fingerprint_key: str = dataclasses.field(repr=False)
    always: bool
    unmanaged: str
    backup_count: int
    strict: bool
    service: bool
    reverse_proxy: bool

    @classmethod
    def of(cls, arguments: dict[str, t.Any]) -> Wanted:
        """Return what a task wants; raises Refused."""
        reason = _windows_path.why_not_absolute(arguments["path"])
        if reason:
            raise Refused(
                f"path: found {arguments['path']!r}, wanted the Runtime folder as an absolute Windows path ({reason})"
            )
        if arguments["backup_count"] < 0:
            raise Refused(f"backup_count: found {arguments['backup_count']}, wanted 0 or more")
        given = {name: _inventory_value.settings(arguments.get(name), name) for name in _TREES}
        arguments = {**arguments, **given}
        for name, connector in arguments["connectors"].items():
            if connector not in _connector_rules.NAMES:
                known = ", ".join(_connector_rules.NAMES)
                raise Refused(f"connectors: {name}: found {connector!r}, wanted one of {known}")
        runtime = _windows_path.normal(arguments["path"])
        general = _json_text.merge(_given(_general(arguments)), arguments["settings"])
        agent = _json_text.merge(_given(_agent(arguments)), arguments["agent_settings"])
        cyberark = arguments.get("cyberark")
        return cls(
            place=Place(runtime, _work(runtime, general)),
            general=_absent(general, arguments["absent"]),
            agent=_absent(agent, arguments["agent_absent"]),
            choice=Choice.of(arguments["protection"], arguments["protections"], arguments["plain_accepted"]),
            accounts=dict(cyberark["accounts"]) if cyberark else None,
            connectors=arguments["connectors"],
            certificate_password_protection=arguments["certificate_password_protection"],
            fingerprint_key=_fingerprint.checked_key(arguments.get("fingerprint_key")),
            always=arguments["reencrypt"] == "always",
            unmanaged=arguments["unmanaged"],
            backup_count=arguments["backup_count"],
            strict=arguments["strict"],
            service=arguments["hosting"] == "service",
            reverse_proxy=arguments["reverse_proxy"],
        )

    def file(self, name: str) -> str:
        """Return a settings file's path."""
        return self.place.file(name)


def _general(arguments: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return what the named options say of appsettings.json."""
    vault, cyberark = arguments.get("azure_key_vault"), arguments.get("cyberark")
    escape = _escapes(arguments)
    return {
        "ApplicationUri": arguments.get("server_url"),
        "EncryptionCertificate": _pair(arguments.get("encryption_certificate"), _PLAIN_NAMES, escape),
        "IdentityServer": _pair(arguments.get("identity_server_certificate"), _X509_NAMES, escape),
        "Kestrel": _kestrel(arguments.get("https_certificate")),
        "Scheduler": arguments.get("scheduler"),
        "Serilog": arguments.get("logging"),
        # Browsers that use the server's pages call the agent behind the proxy (page "Settings Files").
        "Cors": arguments.get("cors")
        or (dict.fromkeys(_known_settings.CORS_FLAGS, True) if arguments["reverse_proxy"] else None),
        "TempFolderPath": arguments.get("temp_folder"),
        "WorkFolderPath": arguments.get("work_folder"),
        "CyberArk": _cyberark(cyberark, escape) if cyberark else None,
        "AzureKeyVault": (
            _given({"Vault": vault["vault"], "ConnectionString": vault.get("connection_string")}) if vault else None
        ),
    }


def _agent(arguments: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return what the named options say of appsettings.agent.json."""
    open_id = {
        "AgentIdentifier": arguments.get("agent_identifier"),
        "OpenIdClients": arguments.get("openid_clients"),
        "DefaultOpenIdClient": arguments.get("default_openid_client"),
    }
    mail = arguments.get("mail")
    if mail and any(key.lower() == "pickupdirectory" and value for key, value in mail.items()):
        mail = _json_text.merge({"UseSpecifiedPickupDirectory": True}, mail)
    reset = {
        "EncryptionCertificate": _pair(arguments.get("password_reset_certificate"), _PLAIN_NAMES, _escapes(arguments)),
        "MailSettings": mail,
    }
    return {
        "OpenId": _given(open_id) or None,
        "PasswordResetSettings": _given(reset) or None,
        "Connections": arguments.get("connections") or None,
        "Databases": arguments.get("databases") or None,
        "SourcesRootPaths": arguments.get("sources_root_paths"),
    }


def _escapes(arguments: dict[str, t.Any]) -> bool:
    """Tell whether a PFX password is written as the product reads a clear one; the tool takes it as it is."""
    return bool(arguments["certificate_password_protection"] == _certificate_password.PLAIN)


def _cyberark(given: dict[str, t.Any], escape: bool) -> dict[str, t.Any]:
    pair = _pair(given.get("certificate"), _PLAIN_NAMES, escape) or {}
    section = {
        "UseCyberArkSetting": True,
        "SafeName": given["safe_name"],
        "ApplicationId": given["application_id"],
        "Server": given["server"],
    }
    return section | pair


def _absent(changes: dict[str, t.Any], paths: t.Iterable[str]) -> dict[str, t.Any]:
    """Return changes with the keys at some paths removed from the file; raises Refused for one that is wanted too."""
    for text in paths:
        path = _protection.path_of(text)
        if not path:
            raise Refused(f"absent: found {text!r}, wanted keys joined with colons, as Scheduler:LockFilePath")
        wanted: t.Any = changes
        for key in path:
            wanted = {k.lower(): v for k, v in wanted.items()}.get(key.lower()) if isinstance(wanted, dict) else None
        if wanted is not None and wanted is not _json_text.REMOVE:
            raise Refused(f"absent: {text}: found a value for it too, wanted one of both")
        removal: t.Any = _json_text.REMOVE
        for key in reversed(path):
            removal = {key: removal}
        changes = _with(changes, removal)
    return changes


def _with(changes: dict[str, t.Any], more: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return changes and more of them, removals kept as removals."""
    merged, names = dict(changes), {key.lower(): key for key in changes}
    for key, value in more.items():
        name = names.get(key.lower(), key)
        both = isinstance(value, dict) and isinstance(merged.get(name), dict)
        merged[name] = _with(merged[name], value) if both else value
    return merged


def _work(runtime: str, general: dict[str, t.Any]) -> str:
    """Return the folder Work, where the server's pages leave settings too."""
    given = next((value for key, value in general.items() if key.lower() == "workfolderpath"), None)
    if isinstance(given, str) and not _windows_path.why_not_absolute(given):
        return _windows_path.normal(given)
    return _windows_path.join(runtime.rpartition("\\")[0], "Work")


def _given(options: dict[str, t.Any]) -> dict[str, t.Any]:
    return {key: value for key, value in options.items() if value is not None}


def _pair(given: dict[str, t.Any] | None, names: dict[str, str], escape: bool) -> dict[str, t.Any] | None:
    """Return a certificate section: a file, or a place in a store. Keys of the other form are taken away, since a file
    beats a store.
    """
    if not given:
        return None
    if given.get("file"):
        section: dict[str, t.Any] = {names["file"]: given["file"]}
        if given.get("password"):
            section[names["password"]] = _escaped(given["password"]) if escape else given["password"]
        gone: tuple[str, ...] = ("thumbprint", "subject", "store_location", "store_name")
    else:
        # The thumbprint is unique; a subject is not, and the product takes any of several.
        by_thumbprint = bool(given.get("thumbprint")) or not given.get("subject") or "thumbprint" in given
        key = "thumbprint" if by_thumbprint else "subject"
        value = (given.get("thumbprint") or NO_THUMBPRINT) if by_thumbprint else given["subject"]
        section = {names[key]: value}
        section[names["store_location"]] = given.get("store_location") or "LocalMachine"
        section[names["store_name"]] = given.get("store_name") or "My"
        gone = ("file", "password", "subject" if by_thumbprint else "thumbprint")
    return section | {names[name]: _json_text.REMOVE for name in gone}


def _kestrel(given: dict[str, t.Any] | None) -> dict[str, t.Any] | None:
    """Return the section by which Kestrel, the web server of an agent that is a service, finds its certificate.

    It names a subject, not a thumbprint, and takes the one that is valid longest, so a renewal needs no change.
    Belief: the agent reads the section as every ASP.NET Core program does; learn.microsoft.com "Configure endpoints for
    the ASP.NET Core Kestrel web server".
    """
    if not given:
        return None
    common = re.search(r"CN=([^,]+)", given.get("subject") or "", re.IGNORECASE)
    if not common:
        raise Refused("https_certificate: found no subject with a CN, wanted the pair as win_im_cert_pair returns it")
    found = {
        "Subject": common[1].strip(),
        "Store": given.get("store_name") or "My",
        "Location": given.get("store_location") or "LocalMachine",
        "AllowInvalid": True,  # a self-signed one too; whoever connects judges it
    }
    return {"Certificates": {"Default": found}}


def _escaped(password: str) -> str:
    """Return a PFX password as the product reads it: one with '@' in it gets one more in front (vendor page "Settings
    Files").
    """
    return f"@{password}" if "@" in password else password


def secrets(arguments: dict[str, t.Any]) -> frozenset[str]:
    """Return the texts that must appear nowhere; names of CyberArk accounts are none."""
    cyberark = {k: v for k, v in (arguments.get("cyberark") or {}).items() if k != "accounts"}
    return _mask.secrets({**arguments, "cyberark": cyberark})


def questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return what the plan will ask."""
    return (
        *(wanted.place.question(name) for name in _load_order.OURS),
        *_load_order.questions(wanted.place),
        _fingerprint.question(wanted.place.runtime),
        _leftovers(wanted),
    )


def _leftovers(wanted: Wanted) -> Query:
    """Ask for secrets in clear that a killed encryption left: the tool's input lives in a folder of ours."""
    return _questions.files(wanted.place.runtime, "input", recurse=True)


def _left_behind(wanted: Wanted, ask: Ask) -> bool:
    found = ask(_leftovers(wanted)) or ()
    return any(re.search(r"\.im-[0-9a-f]{12}\.new\\input$", file["name"], re.IGNORECASE) for file in found)


@dataclasses.dataclass(frozen=True)
class _File:
    """A settings file: as it is, what is changed, and as it will be."""

    name: str
    text: str
    expect: str
    document: _json_text.Document
    changes: dict[str, t.Any] = dataclasses.field(repr=False)
    kept: Kept
    passwords: Protected | None = None

    @property
    def data(self) -> dict[str, t.Any]:
        """Return what it holds now."""
        return {} if self.expect == "absent" else self.document.data

    @property
    def after(self) -> dict[str, t.Any]:
        """Return what it will hold."""
        return _json_text.merge(self.document.data, self.changes)


@dataclasses.dataclass(frozen=True)
class _Encrypted:
    """A file of encrypted settings: what it shall hold, and what is known of it.

    Attributes:
        name: the file's name.
        secrets: what it shall hold, in clear.
        present: the SHA-256 of the file that is there, or absent.
        write: whether it has to be written.
        remove: whether it is ours and has to go.
        record: the fingerprints to keep of it.
    """

    name: str
    secrets: dict[str, t.Any] = dataclasses.field(repr=False)
    present: str
    write: bool
    remove: bool
    record: dict[str, str | None]


def plan(wanted: Wanted, ask: Ask, *, check: bool) -> Plan:
    """Return the changed files; raises Refused for a file that .NET would refuse, and for settings that the product's
    rules refuse.
    """
    for query in questions(wanted):
        ask(query)
    general, agent = _file(wanted, GENERAL, wanted.general, ask), _file(wanted, AGENT, wanted.agent, ask)
    encrypts = any(file.kept.secrets[_protection.ENCRYPTED] for file in (general, agent))
    if encrypts:
        use = {"EncryptionCertificate": {"UseEncryptedAppsettings": True}}
        general = dataclasses.replace(general, changes=_with(general.changes, use))
    encrypted = tuple(
        _encrypted(wanted, name, file, general.after, ask)
        for name, file in ((ENCRYPTED_GENERAL, general), (ENCRYPTED_AGENT, agent))
    )
    mapping = _mapping(wanted, agent.kept, ask)
    if wanted.unmanaged == "remove":
        general, agent = _without_unmanaged(general), _without_unmanaged(agent)
    warnings = [*_judge(wanted, general, agent, encrypted, ask), *_foreign_warnings(wanted, general, agent, ask)]
    if wanted.unmanaged == "report":
        for file in (general, agent):
            warnings += [f"{wanted.file(file.name)}: {key} is not managed" for key in _unmanaged(file)]
    files = [general, *([mapping] if mapping else []), agent]
    warnings += _exposures(wanted, files)
    operations = _operations(wanted, files, encrypted, ask, check=check)
    restart = tuple(
        f"{operation.arguments['path']} changed"
        for operation in operations
        if operation.arguments["operation"] in {"file", "compose", "protect", "remove"}
        and operation.arguments["path"] != _fingerprint.path(wanted.place.runtime)
    )
    diffs = (*(_diff(wanted, file) for file in files), *(_encrypted_diff(wanted, file, ask) for file in encrypted))
    facts: dict[str, t.Any] = {"path": wanted.place.runtime}
    facts["key_vault_secrets"] = [_protection.vault_name(p) for p in agent.kept.paths[_protection.KEY_VAULT]]
    return Plan(operations, diffs, tuple(warnings), restart, facts=facts)


def _file(wanted: Wanted, name: str, changes: dict[str, t.Any], ask: Ask) -> _File:
    """Return a settings file and its changes, secrets that are kept elsewhere taken out of it."""
    kept = _protection.kept(changes, wanted.choice)
    if name == GENERAL and kept.paths[_protection.KEY_VAULT]:
        path = _protection.words(kept.paths[_protection.KEY_VAULT][0])
        raise Refused(
            f"{path}: a Key Vault holds settings of {AGENT} only: choose another protection for it (option protections)"
        )
    text, expect, document = _read(wanted, name, ask)
    for place in _inside_lists(document.data, kept.plain):
        raise Refused(
            f"{wanted.file(name)}: {_protection.words(place)}: found a list there, wanted the whole list in the"
            " inventory: single items of a list are neither set nor taken away"
        )
    passwords = _certificate_password.protected(
        name,
        kept.plain,
        document.data if expect != "absent" else {},
        _fingerprint.known(wanted.place.runtime, ask),
        mode=wanted.certificate_password_protection,
        key=wanted.fingerprint_key,
        always=wanted.always,
    )
    return _File(name, text, expect, document, passwords.changes, kept, passwords)


def _inside_lists(data: t.Any, changes: dict[str, t.Any], path: tuple[str, ...] = ()) -> t.Iterator[tuple[str, ...]]:
    """Yield the paths of lists that changes reach into, as ``Servers:0`` does."""
    inside = {_json_text.fold(key): value for key, value in data.items()}
    for key, change in changes.items():
        found = inside.get(_json_text.fold(key))
        if isinstance(change, dict) and isinstance(found, dict):
            yield from _inside_lists(found, change, (*path, key))
        elif isinstance(change, dict) and isinstance(found, list):
            numbered = bool(change) and all(number.isdecimal() for number in change)
            if numbered or _json_text.only_removes(change):
                yield (*path, key)


def _read(wanted: Wanted, name: str, ask: Ask) -> tuple[str, str, _json_text.Document]:
    answer = ask(wanted.place.question(name))
    if answer is None:
        return "{}\r\n", "absent", _json_text.parse("{}\r\n")
    path = wanted.file(name)
    if answer["type"] != "file" or answer["content"] is None:
        raise Refused(f"{path}: found a folder, or a file over {MAX_BYTES} bytes, wanted a settings file")
    content = base64.b64decode(answer["content"])
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in content[:4]:
        raise Refused(
            f"{path}: found UTF-16, wanted UTF-8, the encoding of the vendor's files. Nothing was written: save the"
            " file as UTF-8"
        )
    try:
        text = content.decode("utf-8")
        return text, answer["sha256"], _json_text.parse(text)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Refused(
            f"{path}, line {line}: found a byte that is not UTF-8 (0x{content[error.start]:02X}, as Windows-1252 writes"
            " letters beyond ASCII), wanted UTF-8, the encoding of the vendor's files. Nothing was written: save the"
            " file as UTF-8"
        ) from None
    except _json_text.BadJson as error:
        raise Refused(f"{path}, {error}. Nothing was written: mend the file, or restore a .bak beside it") from None


def _encrypted(wanted: Wanted, name: str, file: _File, general: dict[str, t.Any], ask: Ask) -> _Encrypted:
    """Return what has to be done with a file of encrypted settings.

    Each encryption gives another text, so the file itself tells only which keys it holds. Whether their values are the
    wanted ones, and which pair they were encrypted for, is told by what was kept of the last time.
    """
    secrets = file.kept.secrets[_protection.ENCRYPTED]
    known = _fingerprint.known(wanted.place.runtime, ask)
    text, present, document = _read(wanted, name, ask)
    del text
    pair_name = f"{name} pair"
    if not secrets:
        ours = present != "absent" and pair_name in known
        return _Encrypted(name, {}, present, False, ours, {name: None, pair_name: None} if ours else {})
    pair = _pair_of(general)
    record: dict[str, str | None] = {pair_name: pair}
    if wanted.fingerprint_key:
        record[name] = _fingerprint.of(wanted.fingerprint_key, name, secrets)
    same_keys = present != "absent" and set(_protection.leaves(document.data)) == set(_protection.leaves(secrets))
    as_known = all(known.get(what) == value for what, value in record.items())
    return _Encrypted(name, secrets, present, wanted.always or not (same_keys and as_known), False, record)


def _pair_of(general: dict[str, t.Any]) -> str:
    """Return which pair the settings encrypt for: its thumbprint, else its subject or file."""
    names = ("File", "Thumbprint", "DistinguishedName")
    return str(next((v for v in (get(general, "EncryptionCertificate", n) for n in names) if v), ""))


def _mapping(wanted: Wanted, kept: Kept, ask: Ask) -> _File | None:
    """Return the file of CyberArk account names, or None where there is none to write."""
    if wanted.accounts is None:
        if kept.paths[_protection.CYBERARK]:
            path = _protection.words(kept.paths[_protection.CYBERARK][0])
            raise Refused(f"{path}: is to be kept in CyberArk, wanted the option cyberark with its account")
        return None
    tree = _protection.mapping(wanted.accounts, kept.paths[_protection.CYBERARK])
    text, expect, document = _read(wanted, CYBERARK, ask)
    file = _File(CYBERARK, text, expect, document, tree, Kept(tree, {}, {}))
    return _without_unmanaged(file)


def _operations(
    wanted: Wanted, files: t.Iterable[_File], encrypted: t.Iterable[_Encrypted], ask: Ask, *, check: bool
) -> tuple[Operation, ...]:
    """Return the writes: secrets leave the plain file last, when they are where they shall be."""
    known = _fingerprint.known(wanted.place.runtime, ask)
    plain, record = {}, dict[str, str | None]()
    for settings in files:
        _has_tool(wanted, settings, ask, check=check)
        plain[settings.name] = _write(wanted, settings)
        record |= settings.passwords.record if settings.passwords else {}
    protects: list[Operation] = []
    for file in encrypted:
        if file.write:
            if not check and ask(_questions.file(wanted.file(TOOL), 0)) is None:
                raise Refused(f"found no {TOOL} in {wanted.place.runtime}, wanted it to encrypt {file.name}")
            protects.append(_protect(wanted, file))
        elif file.remove:
            protects.append(write(f"remove {wanted.file(file.name)}", "remove", path=wanted.file(file.name)))
        record |= file.record
    if any(file.write for file in encrypted) or _left_behind(wanted, ask):
        sweep = write("remove what a killed run left", "sweep", path=wanted.place.runtime, older_than=0)
        protects = [sweep, *protects]
    changed = {what: value for what, value in record.items() if value != known.get(what)}
    kept = [_fingerprint.keep(wanted.place.runtime, ask, changed)] if changed else []
    ordered = (plain[GENERAL], plain.get(CYBERARK), *protects, plain[AGENT], *kept)
    return tuple(operation for operation in ordered if operation)


def _has_tool(wanted: Wanted, file: _File, ask: Ask, *, check: bool) -> None:
    """Refuse passwords that need a tool which is not there."""
    tool = _certificate_password.TOOL
    needed = file.passwords is not None and file.passwords.parts
    if needed and not check and ask(_questions.file(wanted.file(tool), 0)) is None:
        raise Refused(f"found no {tool} in {wanted.place.runtime}, wanted it for the certificates' passwords")


def _write(wanted: Wanted, file: _File) -> Operation | None:
    try:
        text = _json_text.edit(file.document, file.changes)
    except _json_text.BadJson as error:
        raise Refused(
            f"{wanted.file(file.name)}: with what is wanted it would be a file that .NET refuses, nothing was written:"
            f" {error}"
        ) from None
    if text == file.text and file.expect != "absent":
        return None
    if file.passwords and file.passwords.parts:
        return _compose(wanted, file, file.passwords.parts, text)
    return write(
        f"write {wanted.file(file.name)}",
        "file",
        secret=True,
        path=wanted.file(file.name),
        content=base64.b64encode(text.encode()).decode(),
        expect=file.expect,
        backups=wanted.backup_count,
    )


def _compose(wanted: Wanted, file: _File, parts: t.Iterable[tuple[str, str]], text: str) -> Operation:
    """Return the write of a file in which the tool's texts take the place of marks."""
    runs = [
        {
            "mark": mark,
            "program": wanted.file(_certificate_password.TOOL),
            "arguments": _certificate_password.arguments(clear),
        }
        for mark, clear in parts
    ]
    return write(
        f"write {wanted.file(file.name)}",
        "compose",
        secret=True,
        path=wanted.file(file.name),
        folder=wanted.place.runtime,
        parts=runs,
        content=base64.b64encode(text.encode()).decode(),
        expect=file.expect,
        backups=wanted.backup_count,
    )


def _protect(wanted: Wanted, file: _Encrypted) -> Operation:
    """Return the run of the vendor's tool, which reads the pair from appsettings.json in its folder.

    Belief: it finds that file in its current directory, as the samples run it there (page
    "Usercube-Protect-X509JsonFile").
    """
    return write(
        f"encrypt {wanted.file(file.name)}",
        "protect",
        secret=True,
        path=wanted.file(file.name),
        program=wanted.file(TOOL),
        folder=wanted.place.runtime,
        arguments=list(TOOL_ARGUMENTS),
        content=base64.b64encode(json.dumps(file.secrets, indent=2).encode()).decode(),
        expect=file.present,
        backups=wanted.backup_count,
    )


def _judge(
    wanted: Wanted, general: _File, agent: _File, encrypted: t.Iterable[_Encrypted], ask: Ask
) -> t.Iterator[str]:
    """Yield the warnings of the product's rules over what the agent will see; raises Refused for their errors."""
    merged_general = _merged(wanted, general, ENCRYPTED_GENERAL, ask)
    there = tuple(f.name for f in encrypted if f.write or (f.present != "absent" and not f.remove))
    choice = wanted.choice
    if wanted.certificate_password_protection == _certificate_password.TOOL_MADE:
        choice = dataclasses.replace(choice, accepted=(*choice.accepted, *_certificate_password.ALL))
    settings = Settings(
        merged_general,
        _merged(wanted, agent, ENCRYPTED_AGENT, ask),
        general.after,
        agent.after,
        choice=choice,
        encrypted=there,
        vault=get(merged_general, "AzureKeyVault", "Vault") is not None,
        connectors=wanted.connectors,
        service=wanted.service,
        reverse_proxy=wanted.reverse_proxy,
        wanted_general=_plain(wanted.general),
        wanted_agent=_plain(wanted.agent),
        mapping=wanted.accounts is not None or ask(wanted.place.question(CYBERARK)) is not None,
    )
    findings = _product_rules.check(settings)
    fatal = [f for f in findings if f.rule.severity == "error" or wanted.strict]
    if fatal:
        reasons = "; ".join(map(str, fatal))
        raise Refused(f"{wanted.place.runtime}: the settings would not work, nothing was written: {reasons}")
    yield from map(str, findings)


def _merged(wanted: Wanted, file: _File, encrypted: str, ask: Ask) -> dict[str, t.Any]:
    """Return a file's settings as the agent will see them."""
    on_top = _load_order.foreign(wanted.place, _load_order.varied(file.name, _load_order.environment(ask)), ask)
    merged = _load_order.overlaid(file.after, on_top or {})
    sealed = _load_order.foreign(wanted.place, encrypted, ask)
    merged = _load_order.overlaid(merged, _load_order.opaque(sealed or {}))
    merged = _load_order.overlaid(merged, file.kept.elsewhere())
    if file.name == AGENT and wanted.accounts:
        merged = _load_order.overlaid(merged, {"Connections": _load_order.opaque(wanted.accounts)})
    if file.name == AGENT:
        merged = _load_order.overlaid(merged, _load_order.foreign(wanted.place, CONNECTION, ask) or {})
    return t.cast("dict[str, t.Any]", merged)


def _foreign_warnings(wanted: Wanted, general: _File, agent: _File, ask: Ask) -> t.Iterator[str]:
    """Yield what files that others write change of what is wanted, and variables that the agent ignores."""
    for name, value in ask(_load_order.environment_question()).items():
        problem = _proxy.why_not_read(name, value) if value else None
        if problem:
            yield f"the server's variable {name}: found {problem}"
    environment = _load_order.environment(ask)
    for file in (general, agent):
        name = _load_order.varied(file.name, environment)
        on_top = _load_order.foreign(wanted.place, name, ask)
        if on_top is not None:
            beaten = sorted(_load_order.beaten(_plain(file.changes), on_top))
            what = f" and changes {', '.join(beaten)}" if beaten else ""
            yield f"{wanted.file(name)} is there, beats {file.name}{what}: remove it unless it is meant"
    on_top = _load_order.foreign(wanted.place, CONNECTION, ask)
    beaten = sorted(_load_order.beaten(_plain(agent.changes), on_top or {}))
    if beaten:
        yield (
            f"{wanted.file(CONNECTION)}, which the server's pages write, is loaded last and changes"
            f" {', '.join(beaten)}: change these there, or take them out of the inventory"
        )


def _exposures(wanted: Wanted, files: t.Iterable[_File]) -> t.Iterator[str]:
    """Yield what shows passwords that the vendor's tool is run for."""
    for file in files:
        if file.passwords and file.passwords.parts:
            yield (
                f"{wanted.file(file.name)}: {_certificate_password.TOOL} takes the password of the certificate on its"
                " command line: the process list shows it while it runs, and the event log where process creation is"
                " audited with command lines. A certificate in a store needs no password"
            )


def _plain(changes: t.Any) -> t.Any:
    """Return changes without removals."""
    if isinstance(changes, dict):
        return {key: _plain(value) for key, value in changes.items() if value is not _json_text.REMOVE}
    return changes


def _unmanaged(file: _File) -> list[str]:
    """Return the keys of a file that nobody wants, as paths, the highest of each."""
    return sorted(":".join(path) for path in _surplus(file.data, file.changes))


def _surplus(
    data: dict[str, t.Any], changes: dict[str, t.Any], path: tuple[str, ...] = ()
) -> t.Iterator[tuple[str, ...]]:
    wanted = {key.lower(): value for key, value in changes.items()}
    for key, value in data.items():
        if key.lower() not in wanted:
            yield (*path, key)
        elif isinstance(value, dict) and isinstance(wanted[key.lower()], dict):
            yield from _surplus(value, wanted[key.lower()], (*path, key))


def _without_unmanaged(file: _File) -> _File:
    changes = file.changes
    for path in _surplus(file.data, file.changes):
        removal: t.Any = _json_text.REMOVE
        for key in reversed(path):
            removal = {key: removal}
        changes = _with(changes, removal)
    return dataclasses.replace(file, changes=changes)


def _diff(wanted: Wanted, file: _File) -> Diff:
    path = wanted.file(file.name)
    if file.name == CYBERARK:  # names of accounts, not their passwords
        before = json.dumps(file.data, indent=2, ensure_ascii=False) + "\n" if file.expect != "absent" else ""
        return Diff(path, before, json.dumps(file.after, indent=2, ensure_ascii=False) + "\n")
    shown = json.dumps(_mask.masked(file.data), indent=2, ensure_ascii=False) + "\n" if file.expect != "absent" else ""
    return Diff(path, shown, json.dumps(_mask.masked(file.after, file.data), indent=2, ensure_ascii=False) + "\n")


def _encrypted_diff(wanted: Wanted, file: _Encrypted, ask: Ask) -> Diff:
    """Return the keys of an encrypted file; its values are texts that nobody can read."""
    _text, present, document = _read(wanted, file.name, ask)
    before = sorted(":".join(path) for path in _protection.leaves(document.data)) if present != "absent" else []
    after = sorted(":".join(path) for path in _protection.leaves(file.secrets)) if file.secrets else []
    if not file.write and not file.remove:
        after = before
    word = "encrypted again" if file.write and present != "absent" else "encrypted"
    return Diff(
        wanted.file(file.name),
        "".join(f"{key}: encrypted\n" for key in before),
        "".join(f"{key}: {word}\n" for key in after),
    )
