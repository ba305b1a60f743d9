# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""appsettings.json, appsettings.agent.json and their companions: what is wanted, merged into the files' text. Docs:
win_im_agent_settings.yml.
"""

from __future__ import annotations

import base64
import dataclasses
import typing as t

from . import (
    _certificate_password,
    _encrypted_file,
    _fingerprint,
    _json_text,
    _load_order,
    _product_rules,
    _protection,
    _proxy,
    _questions,
    _settings_file,
    _settings_options,
)
from ._encrypted_file import Encrypted
from ._load_order import AGENT, CONNECTION, CYBERARK, ENCRYPTED_AGENT, ENCRYPTED_GENERAL, GENERAL
from ._plan import Operation, Plan, Refused, write
from ._questions import Ask, Query
from ._rule import Settings, get
from ._settings_file import File
from ._settings_options import with_changes
from ._wanted_settings import Wanted

ARGUMENT_SPEC = _settings_options.ARGUMENT_SPEC
secrets = _settings_options.secrets


def questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return what the plan will ask."""
    return (
        *(wanted.place.question(name) for name in _load_order.OURS),
        *_load_order.questions(wanted.place),
        _fingerprint.question(wanted.place.runtime),
        _encrypted_file.leftovers(wanted),
    )


def plan(wanted: Wanted, ask: Ask, *, check: bool) -> Plan:
    """Return the changed files; raises Refused for a file that .NET would refuse, and for settings that the product's
    rules refuse.
    """
    for query in questions(wanted):
        ask(query)
    general, agent = (
        _settings_file.planned(wanted, GENERAL, wanted.general, ask),
        _settings_file.planned(wanted, AGENT, wanted.agent, ask),
    )
    encrypts = any(file.kept.secrets[_protection.ENCRYPTED] for file in (general, agent))
    if encrypts:
        use = {"EncryptionCertificate": {"UseEncryptedAppsettings": True}}
        general = dataclasses.replace(general, changes=with_changes(general.changes, use))
    encrypted = tuple(
        _encrypted_file.planned(wanted, name, file, general.after, ask)
        for name, file in ((ENCRYPTED_GENERAL, general), (ENCRYPTED_AGENT, agent))
    )
    mapping = _settings_file.mapping(wanted, agent.kept, ask)
    if wanted.unmanaged == "remove":
        general, agent = _settings_file.without_unmanaged(general), _settings_file.without_unmanaged(agent)
    warnings = [*_judge(wanted, general, agent, encrypted, ask), *_foreign_warnings(wanted, general, agent, ask)]
    if wanted.unmanaged == "report":
        for file in (general, agent):
            warnings += [f"{wanted.file(file.name)}: {key} is not managed" for key in _settings_file.unmanaged(file)]
    files = [general, *([mapping] if mapping else []), agent]
    warnings += _exposures(wanted, files)
    operations = _operations(wanted, files, encrypted, ask, check=check)
    restart = tuple(
        f"{operation.arguments['path']} changed"
        for operation in operations
        if operation.arguments["operation"] in {"file", "compose", "protect", "remove"}
        and operation.arguments["path"] != _fingerprint.path(wanted.place.runtime)
    )
    diffs = (
        *(_settings_file.diff(wanted, file) for file in files),
        *(_encrypted_file.diff(wanted, file, ask) for file in encrypted),
    )
    facts: dict[str, t.Any] = {"path": wanted.place.runtime}
    facts["key_vault_secrets"] = [_protection.vault_name(p) for p in agent.kept.paths[_protection.KEY_VAULT]]
    return Plan(operations, diffs, tuple(warnings), restart, facts=facts)


def _operations(
    wanted: Wanted, files: t.Iterable[File], encrypted: t.Iterable[Encrypted], ask: Ask, *, check: bool
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
            if not check and ask(_questions.file(wanted.file(_encrypted_file.TOOL), 0)) is None:
                raise Refused(
                    f"found no {_encrypted_file.TOOL} in {wanted.place.runtime}, wanted it to encrypt {file.name}"
                )
            protects.append(_encrypted_file.protect(wanted, file))
        elif file.remove:
            protects.append(write(f"remove {wanted.file(file.name)}", "remove", path=wanted.file(file.name)))
        record |= file.record
    if any(file.write for file in encrypted) or _encrypted_file.left_behind(wanted, ask):
        sweep = write("remove what a killed run left", "sweep", path=wanted.place.runtime, older_than=0)
        protects = [sweep, *protects]
    changed = {what: value for what, value in record.items() if value != known.get(what)}
    kept = [_fingerprint.keep(wanted.place.runtime, ask, changed)] if changed else []
    ordered = (plain[GENERAL], plain.get(CYBERARK), *protects, plain[AGENT], *kept)
    return tuple(operation for operation in ordered if operation)


def _has_tool(wanted: Wanted, file: File, ask: Ask, *, check: bool) -> None:
    """Refuse passwords that need a tool which is not there."""
    tool = _certificate_password.TOOL
    needed = file.passwords is not None and file.passwords.parts
    if needed and not check and ask(_questions.file(wanted.file(tool), 0)) is None:
        raise Refused(f"found no {tool} in {wanted.place.runtime}, wanted it for the certificates' passwords")


def _write(wanted: Wanted, file: File) -> Operation | None:
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


def _compose(wanted: Wanted, file: File, parts: t.Iterable[tuple[str, str]], text: str) -> Operation:
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


def _judge(wanted: Wanted, general: File, agent: File, encrypted: t.Iterable[Encrypted], ask: Ask) -> t.Iterator[str]:
    """Yield the warnings of the product's rules over what the agent will see; raises Refused for their errors."""
    merged_general = _merged(wanted, general, ENCRYPTED_GENERAL, ask)
    there = tuple(f.name for f in encrypted if f.write or (f.present != "absent" and not f.remove))
    made = [path for file in (general, agent) if file.passwords for path in file.passwords.paths]
    choice = dataclasses.replace(wanted.choice, accepted=(*wanted.choice.accepted, *made))
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


def _merged(wanted: Wanted, file: File, encrypted: str, ask: Ask) -> dict[str, t.Any]:
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


def _foreign_warnings(wanted: Wanted, general: File, agent: File, ask: Ask) -> t.Iterator[str]:
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


def _exposures(wanted: Wanted, files: t.Iterable[File]) -> t.Iterator[str]:
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
