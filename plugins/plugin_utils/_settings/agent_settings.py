# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""appsettings.json, appsettings.agent.json and their companions: what is wanted, merged into the files' text. Docs:
win_im_agent_settings.yml.
"""

from __future__ import annotations

import base64
import dataclasses
import typing as t

from .._agent import backups, fingerprint, scheduler_traces, secret_files, settings_files, variables
from .._agent.settings_files import AGENT, CONNECTION, CYBERARK, ENCRYPTED_AGENT, ENCRYPTED_GENERAL, GENERAL
from .._agent.variables import Variable
from .._core import probe
from .._core.kept import KEPT
from .._core.plan import Operation, Plan, Refused, write, write_file
from .._core.probe import Ask, Query
from .._core.warned import Warned, WarningKind
from .._dotnet import configuration, json_editor, json_text, proxy
from . import certificate_password, encrypted_file, kept_secrets, options, own_rights, protection, settings_file, shown
from .encrypted_file import Encrypted
from .rules import given_by, table
from .rules.rule import Settings
from .settings_file import File
from .tree import get, with_changes
from .wanted import Wanted

ARGUMENT_SPEC = options.ARGUMENT_SPEC
secrets = options.secrets


def questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return what the plan will ask."""
    return (
        *(wanted.place.question(name) for name in settings_files.OURS),
        *settings_files.questions(wanted.place),
        *variables.questions(wanted.place.runtime, wanted.service_name),
        fingerprint.question(wanted.place.runtime),
        encrypted_file.leftovers(wanted),
        *backups.questions(wanted.place.runtime, wanted.backup_count),
        *own_rights.questions(wanted.identity, wanted.place.runtime, secret_files.SETTINGS, secret_files.WEB_CONFIG),
    )


def plan(wanted: Wanted, ask: Ask, *, check: bool) -> Plan:
    """Return the changed files; raises Refused for a file that .NET would refuse, and for settings that the product's
    rules refuse.
    """
    for query in questions(wanted):
        ask(query)
    wanted = kept_secrets.resolved(wanted, ask)
    general, agent = (
        settings_file.planned(wanted, GENERAL, wanted.general, ask),
        settings_file.planned(wanted, AGENT, wanted.agent, ask),
    )
    encrypts = any(file.kept.secrets[protection.ENCRYPTED] for file in (general, agent))
    if encrypts:
        use = {"EncryptionCertificate": {"UseEncryptedAppsettings": True}}
        general = dataclasses.replace(general, changes=with_changes(general.changes, use))
    encrypted = tuple(
        encrypted_file.planned(wanted, name, file, general.after, ask)
        for name, file in ((ENCRYPTED_GENERAL, general), (ENCRYPTED_AGENT, agent))
    )
    mapping = settings_file.mapping(wanted, agent.kept, ask)
    if wanted.unmanaged == "remove":
        general, agent = settings_file.without_unmanaged(general), settings_file.without_unmanaged(agent)
    warnings = [*_judge(wanted, general, agent, encrypted, ask), *_foreign_warnings(wanted, general, agent, ask)]
    if wanted.unmanaged == "report":
        warnings += (warned for file in (general, agent) for warned in _unmanaged(wanted, file))
    files = [general, *([mapping] if mapping else []), agent]
    warnings += _exposures(wanted, files)
    operations = _operations(wanted, files, encrypted, ask, check=check)
    restart = tuple(
        f"{operation.arguments['path']} changed"
        for operation in operations
        if operation.arguments["operation"] in {"file", "compose", "protect", "remove"}
        and operation.arguments["path"] != fingerprint.path(wanted.place.runtime)
        and not backups.is_one(operation.arguments["path"].rpartition("\\")[2])
    )
    diffs = (
        *(settings_file.diff(wanted, file) for file in files),
        *(encrypted_file.diff(wanted, file, ask) for file in encrypted),
    )
    facts: dict[str, t.Any] = {"path": wanted.place.runtime}
    facts["key_vault_secrets"] = [protection.vault_name(p) for p in agent.kept.paths[protection.KEY_VAULT]]
    return Plan(operations, diffs, tuple(warnings), restart, facts=facts)


def _unmanaged(wanted: Wanted, file: File) -> t.Iterator[Warned]:
    """Yield the keys of a file that the inventory says nothing of."""
    for key in settings_file.unmanaged(file):
        variable = "im_agent_settings" if file.name == GENERAL else "im_agent_agent_settings"
        text = f"{wanted.file(file.name)}: {key} is not managed: add it to {variable}, or leave it as it is"
        yield Warned(text, WarningKind.NOT_MANAGED, f"{file.name}: {key}")


def _operations(
    wanted: Wanted, files: t.Iterable[File], encrypted: t.Iterable[Encrypted], ask: Ask, *, check: bool
) -> tuple[Operation, ...]:
    """Return the writes: secrets leave the plain file last, when they are where they shall be."""
    known = fingerprint.known(wanted.place.runtime, ask)
    plain, record = {}, _outlived(wanted)
    for settings in files:
        _has_tool(wanted, settings, ask, check=check)
        plain[settings.name] = _write(wanted, settings, ask)
        record |= settings.passwords.record if settings.passwords else {}
    protects: list[Operation] = []
    for file in encrypted:
        if file.write:
            if not check and ask(probe.file(wanted.file(encrypted_file.TOOL), 0)) is None:
                raise Refused(
                    f"found no {encrypted_file.TOOL} in {wanted.place.runtime}, wanted it to encrypt {file.name}"
                )
            protects.append(encrypted_file.protect(wanted, file))
        elif file.remove:
            protects.append(write(f"remove {wanted.file(file.name)}", "remove", path=wanted.file(file.name)))
        record |= file.record
    if any(file.write for file in encrypted) or encrypted_file.left_behind(wanted, ask):
        sweep = write("remove what a killed run left", "sweep", path=wanted.place.runtime, older_than=0)
        protects = [sweep, *protects]
    changed = {what: value for what, value in record.items() if value != known.get(what)}
    kept = [fingerprint.keep(wanted.place.runtime, ask, changed)] if changed else []
    ordered = (plain[GENERAL], plain.get(CYBERARK), *protects, plain[AGENT], *kept)
    runtime, patterns = wanted.place.runtime, [secret_files.SETTINGS]
    if wanted.service and wanted.identity and secret_files.is_ours(runtime, ask):
        patterns.append(secret_files.WEB_CONFIG)  # of a former hosting, which no other task looks after
    former = (backups.SETTINGS, backups.WEB_CONFIG) if wanted.service else (backups.SETTINGS,)
    gone = backups.removals(runtime, wanted.backup_count, ask, *former)
    done = [*(operation for operation in ordered if operation), *gone]
    return own_rights.with_rights(done, wanted.identity, runtime, *patterns, ask=ask)


def _outlived(wanted: Wanted) -> dict[str, str | None]:
    """Return what is no longer kept of a service's password, where the agent is none, or runs as no account."""
    as_account = wanted.service and (wanted.identity is None or bool(wanted.identity.account))
    return {} if as_account else {fingerprint.SERVICE_ACCOUNT: None}


def _has_tool(wanted: Wanted, file: File, ask: Ask, *, check: bool) -> None:
    """Refuse passwords that need a tool which is not there."""
    tool = certificate_password.TOOL
    needed = file.passwords is not None and file.passwords.parts
    if needed and not check and ask(probe.file(wanted.file(tool), 0)) is None:
        raise Refused(f"found no {tool} in {wanted.place.runtime}, wanted it for the certificates' passwords")


def _write(wanted: Wanted, file: File, ask: Ask) -> Operation | None:
    """Return the write of a file; None where it is as wanted."""
    text = _text(wanted, file)
    if text == file.text and file.expect != "absent":
        return None
    parts = file.passwords.parts if file.passwords else ()
    operation = _compose(wanted, file, parts, text) if parts else _write_whole(wanted, file, text)
    if file.name != GENERAL:
        return operation
    return dataclasses.replace(operation, mark=scheduler_traces.written(wanted.place.runtime, text.encode(), ask))


def _text(wanted: Wanted, file: File) -> str:
    """Return what a file will be; raises Refused."""
    try:
        return json_editor.edit(file.document, file.changes)
    except json_text.BadJson as error:
        raise Refused(
            f"{wanted.file(file.name)}: with what is wanted it would be a file that .NET refuses, nothing was written:"
            f" {error}"
        ) from None


def _write_whole(wanted: Wanted, file: File, text: str) -> Operation:
    return write_file(
        f"write {wanted.file(file.name)}",
        wanted.file(file.name),
        secret=True,
        content=base64.b64encode(text.encode()).decode(),
        expect=file.expect,
        backups=wanted.backup_count,
    )


def _compose(wanted: Wanted, file: File, parts: t.Iterable[tuple[str, str]], text: str) -> Operation:
    """Return the write of a file in which the tool's texts take the place of marks."""
    runs = [
        {
            "mark": mark,
            "program": wanted.file(certificate_password.TOOL),
            "arguments": certificate_password.arguments(clear),
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


def _judge(
    wanted: Wanted, general: File, agent: File, encrypted: t.Iterable[Encrypted], ask: Ask
) -> t.Iterator[Warned]:
    """Yield the warnings of the product's rules over what the agent will see; raises Refused for their errors."""
    merged_general = _merged(wanted, general, ENCRYPTED_GENERAL, ask)
    there = tuple(f.name for f in encrypted if f.write or (f.present != "absent" and not f.remove))
    made = [path for file in (general, agent) if file.passwords for path in file.passwords.paths]
    choice = dataclasses.replace(wanted.choice, accepted=(*wanted.choice.accepted, *made))
    settings = Settings(
        merged_general,
        _merged(wanted, agent, ENCRYPTED_AGENT, ask),
        _tree(wanted, GENERAL, general.after),
        _tree(wanted, AGENT, agent.after),
        choice=choice,
        encrypted=there,
        vault=get(merged_general, "AzureKeyVault", "Vault") is not None,
        connectors=wanted.connectors,
        service=wanted.service,
        reverse_proxy=wanted.reverse_proxy,
        wanted_general=_tree(wanted, GENERAL, settings_files.opaque(_plain(wanted.general), only=KEPT)),
        wanted_agent=_tree(wanted, AGENT, settings_files.opaque(_plain(wanted.agent), only=KEPT)),
        mapping=wanted.accounts is not None or ask(wanted.place.question(CYBERARK)) is not None,
    )
    findings = table.check(settings)
    fatal = [f for f in findings if f.rule.severity == "error" or wanted.strict]
    if fatal:
        reasons = "; ".join(map(str, fatal))
        parts = [(given_by.path_of(settings, f), str(f)) for f in fatal]
        text = f"{wanted.place.runtime}: the settings would not work, nothing was written: {reasons}"
        raise Refused(text, parts if all(variable for variable, _text in parts) else ())
    yield from (Warned(str(f), WarningKind.PRODUCT_RULE, f"{f.rule.id}, {f.file}: {f.key}") for f in findings)


def _merged(wanted: Wanted, file: File, encrypted: str, ask: Ask) -> dict[str, t.Any]:
    """Return a file's settings as the agent will see them."""
    varied = settings_files.varied(file.name, variables.environment(_variables(wanted, ask)))
    layers = [
        _plain(file.after),
        settings_files.foreign(wanted.place, varied, ask) or {},
        settings_files.opaque(settings_files.foreign(wanted.place, encrypted, ask) or {}),
        settings_files.opaque(file.kept.elsewhere(), only=KEPT),
    ]
    if file.name == AGENT and wanted.accounts:
        layers.append({"Connections": settings_files.opaque(wanted.accounts)})
    if file.name == AGENT:
        layers.append(settings_files.foreign(wanted.place, CONNECTION, ask) or {})
    return _tree(wanted, file.name, *layers)


def _tree(wanted: Wanted, name: str, *layers: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return settings merged as .NET merges them; raises Refused for what it would refuse."""
    try:
        return configuration.tree(*layers)
    except configuration.RepeatedKey as error:
        raise Refused(
            f"{wanted.file(name)}: with what is wanted it would be a file that .NET refuses, nothing was written: found"
            f" {error.path} twice"
        ) from None


def _foreign_warnings(wanted: Wanted, general: File, agent: File, ask: Ask) -> t.Iterator[Warned]:
    """Yield what files that others write change of what is wanted, and variables that the agent ignores."""
    found = _variables(wanted, ask)
    yield from _variable_warnings(wanted, found)
    environment = variables.environment(found)
    for file in (general, agent):
        name = settings_files.varied(file.name, environment)
        on_top = settings_files.foreign(wanted.place, name, ask)
        if on_top is not None:
            beaten = configuration.changed(_plain(file.changes), on_top)
            what = f" and changes {', '.join(beaten)}" if beaten else ""
            text = f"{wanted.file(name)} exists and overrides {file.name}{what}: remove it unless this is intended"
            yield Warned(text, WarningKind.OVERRIDING_FILE, name)
    on_top = settings_files.foreign(wanted.place, CONNECTION, ask)
    beaten = configuration.changed(_plain(agent.changes), on_top or {})
    if beaten:
        yield Warned(
            f"{wanted.file(CONNECTION)}, which the server's pages write, is loaded last and changes"
            f" {', '.join(beaten)}: change these there, or take them out of the inventory",
            WarningKind.OVERRIDING_PAGES,
        )


def _variables(wanted: Wanted, ask: Ask) -> tuple[Variable, ...]:
    return variables.of_agent(wanted.place.runtime, wanted.service_name, ask)


def _variable_warnings(wanted: Wanted, found: t.Iterable[Variable]) -> t.Iterator[Warned]:
    """Yield which variables change what is wanted, and which of the machine's the agent ignores."""
    settings = {GENERAL: _plain(wanted.general), AGENT: _plain(wanted.agent)}
    for variable in found:
        name, source = variable.name, variable.source
        ignored = proxy.why_not_read(name, variable.value) if variable.value else None
        if ignored and source == variables.OF_MACHINE:
            yield Warned(f"the server's variable {name}: found {ignored}", WarningKind.VARIABLE_IGNORED, name)
        for file, tree in settings.items() if variable.setting else ():
            for beaten in configuration.changed(tree, {variable.setting: variable.value}):
                yield Warned(
                    f"the variable {name} of {source} is loaded after {wanted.file(file)} and changes {beaten}: remove"
                    " it, or put its value into the inventory",
                    WarningKind.OVERRIDING_VARIABLE,
                    f"{name}, {file}: {beaten}",
                )


def _exposures(wanted: Wanted, files: t.Iterable[File]) -> t.Iterator[Warned]:
    """Yield which secrets could be seen: those that the vendor's tool is run for, and those like ordinary words."""
    for file in files:
        short = shown.short(file.changes)
        if short:
            yield Warned(
                f"{wanted.file(file.name)}: {', '.join(map(protection.words, short))}: found secrets of fewer than"
                f" {shown.SHORT} characters, wanted longer ones: short ones cannot be told from words in messages",
                WarningKind.SHORT_SECRET,
                file.name,
            )
        if file.passwords and file.passwords.parts:
            yield Warned(
                f"{wanted.file(file.name)}: {certificate_password.TOOL} takes the password of the certificate on its"
                " command line: the process list shows it while it runs, and the event log where process creation is"
                " audited with command lines. A certificate in a store needs no password",
                WarningKind.PASSWORD_ON_COMMAND_LINE,
                file.name,
            )


def _plain(changes: t.Any) -> t.Any:
    """Return changes without removals."""
    if isinstance(changes, dict):
        return {key: _plain(value) for key, value in changes.items() if value is not json_text.REMOVE}
    return changes
