"""The emulator's model of the writer beside the script: the same case on an emulated server, and what may differ."""

from __future__ import annotations

import json
import re
import typing as t

from emulator.handlers.probe import probe
from emulator.handlers.write import write
from emulator.model.call import Call
from emulator.scenario import hosts
from emulator.windows.machine import Machine
from emulator.windows.security import descriptors
from powershell import PROBE, WRITE
from write_cases import FOLDER, SERVICES, Case
from write_state import State

# What the engine cannot show as Windows does: (what, field, why). Nothing else may differ.
DIFFERENT = (
    (
        "acl",
        "rights",
        "the emulator writes 0x2 and 0x4 where Windows writes DC and LC, and keeps the half that repeats",
    ),
    (
        "error of .NET",
        "message",
        "the engine's .NET is newer than .NET Framework, its texts differ; types are compared",
    ),
    ("any", "backup, marks, last_write", "made of the time or at random"),
    (
        "acl",
        "sddl of a file just moved",
        "the engine's store of rights forgets a moved file's; such files are not asked for",
    ),
    (
        "certificates",
        "key",
        "Wine hands out no private key objects, so the key's file is not found; the rest is compared",
    ),
    ("files", "version", "the emulator has no programs with a version resource"),
    ("service, events, features, iis, host", "all", "the drive under Wine has services and accounts of its own"),
)
OURS = {
    "UnknownQuery",
    "BadQuery",
    "UnknownOperation",
    "ChangedMeanwhile",
    "OtherVersion",
    "BadChecksum",
    "UnsafeArchive",
}
OURS |= {"Locked", "NoOverlay", "WrongCertificate", "NoProgram", "NoPool", "ToolFailed"}


def plain(answer: t.Any) -> t.Any:
    """Return an answer without what is made of the time or at random, and without .NET's words."""
    text = re.sub(r"\d{8}T\d{9}", "TIME", json.dumps(answer, sort_keys=True))
    text = re.sub(r"im-[0-9a-f]{12}", "im-MARK", re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", text))
    text = re.sub(r'"(id|waited)": \d+', r'"\1": 0', text)
    text = text.replace(";LC;", ";0x4;").replace(";DC;", ";0x2;")
    text = re.sub(r"\(A;ID;FA;;;BA\)(?!\(A;ID;0x1200a9)", "", text)
    found = json.loads(text)
    for item in (found, found.get("error", {})) if isinstance(found, dict) else ():
        # What a program says is its own; that it failed is ours.
        if "type" in item and (item["type"] not in OURS or item["type"] == "ToolFailed"):
            item.pop("msg", None)
            item.pop("message", None)
    return found


def emulated(case: Case) -> Machine:
    """Return an emulated server with a case's files."""
    of_iis = {"features": ["Web-Server"], "pools": [{"name": "Rig pool"}]} if "install-iis" in case.lay else {}
    machine = hosts.load({"domain": "contoso.com", **of_iis}, ["srv"])["srv"].machine if of_iis else Machine("srv")
    machine.files.make_folder(FOLDER)
    for name, content in case.files.items():
        path = f"{FOLDER}\\{name}"
        machine.files.make_folder(path if content is None else path.rpartition("\\")[0])
        if content is not None:
            machine.files.write(path, content)
    for path, sddl in case.rights.items():
        machine.files.set_sddl(f"{FOLDER}\\{path}", sddl)
    if any(one.get("operation") == "jobs" for one in case.operations):
        machine.running.start(f"{SERVICES}\\services.exe", 3600)
    if "ReadOnly" in case.lay:
        machine.files.entry(f"{FOLDER}\\a.txt").read_only = True
    if "FileStream" in case.lay:
        name = "b.txt" if "b.txt" in case.lay else "a.txt"
        machine.files.lock(f"{FOLDER}\\{name}")
    return machine


def left(machine: Machine) -> State:
    """Return what is below the folder."""
    return {node.path[len(FOLDER) + 1 :]: node.content for node in machine.files.walk(FOLDER)}


def nameless(state: State) -> State:
    return {
        re.sub(r"\d{8}T\d{9}", "TIME", name): content and re.sub(rb"\d{4}-\d\d-\d\dT[\d:.]+Z", b"TIME", content)
        for name, content in state.items()
    }


def rights_of(path: str) -> dict[str, t.Any]:
    """Return the question for a folder's rights."""
    return {"kind": "acl", "paths": [f"{FOLDER}\\{path}"]}


def own_entries(answer: t.Any) -> list[str]:
    """Return the entries of a path's own; what is inherited is the drive's."""
    return sorted(str(ace) for ace in descriptors.parse(answer["value"][0]["sddl"]).aces if "ID" not in ace.flags)


def differences(
    case: Case, real: dict[str, t.Any], there: State, rights: t.Mapping[str, t.Any], *, check: bool
) -> list[tuple[str, t.Any, t.Any]]:
    """Run a case on an emulated server and return what differs from the script: case, the script's, the model's.

    Args:
        case: what both began with.
        real: the script's result.
        there: what it left.
        rights: the probe's answer for each path of the case's rights.
        check: whether both were in check mode.
    """
    machine = emulated(case)
    modelled = write(Call(machine, f"imops.identity_manager.{WRITE}", {"operations": case.operations}, check))
    wrong: list[tuple[str, t.Any, t.Any]] = []
    if plain(real) != plain(modelled):
        wrong.append((case.name, plain(real), plain(modelled)))
    elif nameless(there) != nameless(left(machine)):
        wrong.append((case.name, sorted(there), sorted(left(machine))))
    for path, found in rights.items():
        (held,) = probe(Call(machine, f"imops.identity_manager.{PROBE}", {"queries": [rights_of(path)]}))["answers"]
        if own_entries(found) != own_entries(held):
            wrong.append((case.name, own_entries(found), own_entries(held)))
    return wrong
