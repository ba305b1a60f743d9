# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""appsettings.json and appsettings.agent.json: what is wanted, merged into the files' text. Docs:
win_im_agent_settings.yml.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import re
import typing as t

from . import _json_text, _mask, _product_rules, _questions, _windows_path
from ._plan import Diff, Operation, Plan, Refused, write
from ._product_rules import AGENT, GENERAL
from ._questions import Ask, Query

MAX_BYTES = 8 * 2**20
NO_THUMBPRINT = "(made by an earlier step)"
STRAY = "appsettings.agent.Production.json"
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
        "connections": {"type": "dict", "no_log": True},
        "databases": {"type": "dict", "no_log": True},
        "sources_root_paths": {"type": "list", "elements": "str"},
        "scheduler": {"type": "dict"},
        "cors": {"type": "dict"},
        "temp_folder": {"type": "str"},
        "work_folder": {"type": "str"},
        "settings": {"type": "dict", "no_log": True, "default": {}},
        "agent_settings": {"type": "dict", "no_log": True, "default": {}},
        "unmanaged": {"type": "str", "choices": ["keep", "report"], "default": "keep"},
        "backup_count": {"type": "int", "default": 5},
        "strict": {"type": "bool", "default": False},
    },
}
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
    """What both files shall hold beside what they hold already."""

    path: str
    general: dict[str, t.Any] = dataclasses.field(repr=False)
    agent: dict[str, t.Any] = dataclasses.field(repr=False)
    unmanaged: str
    backup_count: int
    strict: bool

    @classmethod
    def of(cls, arguments: dict[str, t.Any]) -> Wanted:
        """Return what a task wants; raises Refused."""
        reason = _windows_path.why_not_absolute(arguments["path"])
        if reason:
            raise Refused(
                f"path: found {arguments['path']!r}, wanted the Runtime folder as an absolute Windows path ({reason})"
            )
        general = {
            "ApplicationUri": arguments.get("server_url"),
            "EncryptionCertificate": _pair(arguments.get("encryption_certificate"), _PLAIN_NAMES),
            "IdentityServer": _pair(arguments.get("identity_server_certificate"), _X509_NAMES),
            "Kestrel": _kestrel(arguments.get("https_certificate")),
            "Scheduler": arguments.get("scheduler"),
            "Cors": arguments.get("cors"),
            "TempFolderPath": arguments.get("temp_folder"),
            "WorkFolderPath": arguments.get("work_folder"),
        }
        open_id = {
            "AgentIdentifier": arguments.get("agent_identifier"),
            "OpenIdClients": arguments.get("openid_clients"),
            "DefaultOpenIdClient": arguments.get("default_openid_client"),
        }
        agent = {
            "OpenId": {key: value for key, value in open_id.items() if value is not None} or None,
            "Connections": arguments.get("connections") or None,
            "Databases": arguments.get("databases") or None,
            "SourcesRootPaths": arguments.get("sources_root_paths"),
        }
        return cls(
            _windows_path.normal(arguments["path"]),
            _json_text.merge(_given(general), arguments["settings"]),
            _json_text.merge(_given(agent), arguments["agent_settings"]),
            arguments["unmanaged"],
            arguments["backup_count"],
            arguments["strict"],
        )

    def file(self, name: str) -> str:
        """Return a settings file's path."""
        return _windows_path.join(self.path, name)


def _given(options: dict[str, t.Any]) -> dict[str, t.Any]:
    return {key: value for key, value in options.items() if value is not None}


def _pair(given: dict[str, t.Any] | None, names: dict[str, str]) -> dict[str, t.Any] | None:
    """Return a certificate section: a file, or a place in a store. Keys of the other form are taken away, since a file
    beats a store.
    """
    if not given:
        return None
    if given.get("file"):
        section: dict[str, t.Any] = {names["file"]: given["file"]}
        if given.get("password"):
            section[names["password"]] = _escaped(given["password"])
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
    """Return the texts that must appear nowhere."""
    return _mask.secrets(arguments)


def questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return what the plan will ask."""
    return (_question(wanted, GENERAL), _question(wanted, AGENT), _questions.file(wanted.file(STRAY), 0))


def _question(wanted: Wanted, name: str) -> Query:
    return _questions.file(wanted.file(name), MAX_BYTES)


@dataclasses.dataclass(frozen=True)
class _File:
    """A settings file: as it is, and as it will be."""

    name: str
    text: str
    expect: str
    document: _json_text.Document


def plan(wanted: Wanted, ask: Ask, *, check: bool) -> Plan:
    """Return the changed files; raises Refused for a file that .NET would refuse, and for settings that the product's
    rules refuse.
    """
    del check  # a missing file is predicted as new, and made as new
    files = [(_file(wanted, GENERAL, ask), wanted.general), (_file(wanted, AGENT, ask), wanted.agent)]
    merged = [_json_text.merge(file.document.data, changes) for file, changes in files]
    warnings = _judge(wanted, *merged)
    if ask(_questions.file(wanted.file(STRAY), 0)):
        # Belief: environment files beat the others, as ASP.NET Core loads them last; the vendor names them,
        # not their rank.
        warnings.append(f"{wanted.file(STRAY)} is there and beats {AGENT}: remove it unless it is meant")
    operations: list[Operation] = []
    diffs = []
    for (file, changes), after in zip(files, merged, strict=True):
        text = _json_text.edit(file.document, changes)
        diffs.append(_diff(wanted.file(file.name), file, after))
        if wanted.unmanaged == "report":
            warnings += [
                f"{wanted.file(file.name)}: {key} is not managed" for key in _unmanaged(file.document.data, changes)
            ]
        if text != file.text or file.expect == "absent":
            operations.append(
                write(
                    f"write {wanted.file(file.name)}",
                    "file",
                    secret=True,
                    path=wanted.file(file.name),
                    content=base64.b64encode(text.encode()).decode(),
                    expect=file.expect,
                    backups=wanted.backup_count,
                )
            )
    restart = tuple(f"{operation.arguments['path']} changed" for operation in operations)
    return Plan(tuple(operations), tuple(diffs), tuple(warnings), restart, facts={"path": wanted.path})


def _file(wanted: Wanted, name: str, ask: Ask) -> _File:
    answer = ask(_question(wanted, name))
    if answer is None:
        return _File(name, "{}\r\n", "absent", _json_text.parse("{}\r\n"))
    path = wanted.file(name)
    if answer["type"] != "file" or answer["content"] is None:
        raise Refused(f"{path}: found a folder, or a file over {MAX_BYTES} bytes, wanted a settings file")
    try:
        text = base64.b64decode(answer["content"]).decode("utf-8")
        return _File(name, text, answer["sha256"], _json_text.parse(text))
    except UnicodeDecodeError as error:
        raise Refused(
            f"{path}: byte {error.start + 1} is not UTF-8; .NET cannot read it either. Save the file as UTF-8"
        ) from None
    except _json_text.BadJson as error:
        raise Refused(f"{path}, {error}. Nothing was written: mend the file, or restore a .bak beside it") from None


def _judge(wanted: Wanted, general: dict[str, t.Any], agent: dict[str, t.Any]) -> list[str]:
    findings = _product_rules.check(_product_rules.Settings(general, agent))
    fatal = [f for f in findings if f.rule.severity == "error" or wanted.strict]
    if fatal:
        raise Refused(f"{wanted.path}: the settings would not work, nothing was written: {'; '.join(map(str, fatal))}")
    return [str(finding) for finding in findings]


def _unmanaged(data: dict[str, t.Any], changes: dict[str, t.Any]) -> list[str]:
    known = {key.lower() for key in changes}
    return [key for key in data if key.lower() not in known]


def _diff(path: str, file: _File, after: dict[str, t.Any]) -> Diff:
    before = file.document.data if file.expect != "absent" else {}
    shown = json.dumps(_mask.masked(before), indent=2, ensure_ascii=False) + "\n" if file.expect != "absent" else ""
    return Diff(path, shown, json.dumps(_mask.masked(after, before), indent=2, ensure_ascii=False) + "\n")
