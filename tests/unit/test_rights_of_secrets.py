"""After a run exactly SYSTEM, Administrators and the agent's identity read what holds secrets, and nobody else creates,
changes or deletes anything in the agent's folders; worked out from the dump by code that is not the product's.
"""

from __future__ import annotations

import ntpath

import by_day
import chain
import install_playbook
import pytest
from emulator.windows.security.access_check import CHANGES, READ_DATA, granted
from emulator.windows.security.descriptors import pool_sid, service_sid
from in_process import Server
from installed import servers

STRANGER = "S-1-5-21-7-7-7-1234"
BROAD = {"S-1-1-0", "S-1-5-11", "S-1-5-4", "S-1-5-2", "S-1-5-32-545", "S-1-5-32-546", "S-1-5-32-568", "S-1-5-17"}
OTHERS = {
    "somebody": {STRANGER, *BROAD},
    "another pool": {pool_sid("Another"), *BROAD},
    "another service": {service_sid("Another"), "S-1-5-6", "S-1-5-80-0", *BROAD},
}
SYSTEM, ADMINISTRATORS = "S-1-5-18", "S-1-5-32-544"
COPIES = "C:\\Windows\\System32\\inetsrv\\backup\\imops"
USUAL = "O:BAD:AI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"
PAIRS = f"{chain.WORKING}\\Pairs"
PLANTED = f"{chain.RUNTIME}\\appsettings.agent.Production.json"
SERVERS = {
    "bare": {},
    "everybody writes": {"files": {chain.WORKING: {"folder": True, "sddl": "O:BAD:AI(A;OICI;FA;;;WD)"}}},
    "nothing inherited": {
        "files": {
            chain.WORKING: {
                "folder": True,
                "sddl": "O:BAD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1301bf;;;AU)(A;OICI;0x1200a9;;;BU)",
            }
        }
    },
    "somebody owns it": {"files": {chain.WORKING: {"folder": True, "sddl": f"O:{STRANGER}D:AI"}}},
    "a folder below that everybody writes": {
        "files": {f"{chain.WORKING}\\Runtime": {"folder": True, "sddl": "O:BAD:PAI(A;OICI;FA;;;BU)(A;OICI;FA;;;SY)"}}
    },
    "a folder below that groups of others write": {
        "files": {f"{chain.WORKING}\\Temp": {"folder": True, "sddl": "O:BAD:AI(A;OICI;0x1301bf;;;IS)(A;OICI;FA;;;IU)"}}
    },
    "copies that everybody reads": {"features": ["Web-Server"], "files": {f"{COPIES}\\a.bak": {"text": "x"}}},
    "folders on another disk": {"drives": {"D": {}}},
    "service": {},
    "a PFX file": {},
}
INVENTORIES = {
    "folders on another disk": {"folders": {"Work": "D:\\Work", "Mails": "D:\\Mails"}},
    "service": {"hosting": "service"},
    "a PFX file": {
        "certificates": [
            {"use": "encryption", "place": "file", "path": f"{PAIRS}\\e.pfx", "file_password": "canary-pfx-2f70"},
            *chain.inventory()["certificates"][1:],
        ]
    },
}


def wrong(server, identity, folders):
    """Return what is not as it has to be, one line each."""
    files = server.machine.dump()["files"]
    below = tuple(f"{folder.lower()}\\" for folder in folders)
    found = []
    secrets = 0
    ours = ("appsettings", "web.config") if any("\\web.config." in path.lower() for path in files) else ("appsettings",)
    for path in files:
        inside = f"{path.lower()}\\".startswith(below)
        copy = path.lower().startswith(f"{COPIES.lower()}\\")
        for who, token in OTHERS.items() if inside or copy else ():
            if granted(files, path, token) & CHANGES:
                found.append(f"{who} changes {path}")
        name, folder = ntpath.basename(path).lower(), ntpath.basename(ntpath.dirname(path)).lower()
        settings = folder == "runtime" and name.startswith(ours)
        if not copy and not (inside and (settings or (name.endswith(".pfx") and folder != "sdk"))):
            continue
        secrets += 1
        found += [f"{who} reads {path}" for who, token in OTHERS.items() if granted(files, path, token) & READ_DATA]
        readers = (SYSTEM, ADMINISTRATORS) if copy else (SYSTEM, ADMINISTRATORS, identity)
        found += [f"{who} does not read {path}" for who in readers if not granted(files, path, {who}) & READ_DATA]
    assert secrets
    return found


@pytest.mark.parametrize("name", SERVERS)
def test_only_those_who_must_read_secrets_and_nobody_else_writes(name):
    server, inventory = chain.server(SERVERS[name]), chain.inventory(**INVENTORIES.get(name, {}))
    predicted = chain.converge(server, inventory, check=True)
    done = chain.converge(server, inventory)
    assert chain.failures(done) == []
    assert done["win_im_permissions"]["operations"] == predicted["win_im_permissions"]["operations"]
    identity = service_sid(chain.SERVICE) if name == "service" else pool_sid(chain.POOL)
    assert wrong(server, identity, [chain.WORKING, *inventory["folders"].values()]) == []
    assert chain.changed(chain.converge(server, inventory)) == set()


def test_a_pfx_file_backups_and_copies_that_others_read_are_restricted():
    inventory = chain.inventory(**INVENTORIES["a PFX file"])
    server = chain.server()
    chain.converge(server, inventory)
    changed = {**inventory, "identifier": "Lyon", "https_port": "8443", "environment": {"HTTPS_PROXY": "http://p:3128"}}
    assert chain.failures(chain.converge(server, changed)) == []
    files, identity = server.machine.files, pool_sid(chain.POOL)
    kinds = (".pfx", "\\appsettings.json", "\\web.config", f"{COPIES}\\applicationHost.config.".lower(), ".bak")
    secrets = [
        path
        for path in server.machine.dump()["files"]
        if any(kind in path.lower() for kind in kinds) and ntpath.dirname(path) in {chain.RUNTIME, PAIRS, COPIES}
    ]
    assert [kind for kind in kinds if not any(kind in path.lower() for path in secrets)] == []
    assert any(path.lower().startswith(chain.RUNTIME.lower()) and path.endswith(".bak") for path in secrets)
    files.set_sddl(COPIES, "O:BAD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)")
    for path in secrets:
        if not path.startswith(COPIES):
            files.set_sddl(path, f"O:BAD:PAI(A;;FA;;;SY)(A;;FA;;;BA)(A;;FR;;;BU)(A;;FA;;;{STRANGER})")
    assert wrong(server, identity, [chain.WORKING])
    predicted = chain.converge(server, changed, check=True)
    done = chain.converge(server, changed)
    assert chain.failures(done) == []
    assert wrong(server, identity, [chain.WORKING]) == []
    assert {task: r.get("operations") for task, r in predicted.items()} == {
        task: r.get("operations") for task, r in done.items()
    }


def test_what_somebody_planted_is_no_longer_theirs_and_a_changed_identity_reads_instead_of_the_former():
    server = chain.installed()
    server.machine.files.write(PLANTED, "{}")
    server.machine.files.set_sddl(PLANTED, f"O:{STRANGER}D:AI(A;;FA;;;{STRANGER})")
    done = chain.converge(server, chain.inventory(hosting="service"))
    assert chain.failures(done) == []
    assert wrong(server, service_sid(chain.SERVICE), [chain.WORKING]) == []
    files = server.machine.dump()["files"]
    assert not granted(files, f"{chain.RUNTIME}\\appsettings.json", {pool_sid(chain.POOL)})


@pytest.mark.parametrize("name", by_day.one_in(2, ["1.0.0/pfx", "1.0.0/iis"]))
def test_a_server_of_a_former_version_is_as_strict_after_a_run(name):
    installed = next(server for server in servers.every() if str(server) == name)
    server, variables = Server(installed.machine()), installed.variables()
    before = server.machine.dump()["files"]
    done = install_playbook.run(server, variables)
    assert [one.result["msg"] for one in done if one.result.get("failed")] == []
    rights = next(one.result for one in done if one.module == "win_im_permissions")
    working = next(iter(rights["effective_rights"]))
    assert granted(before, working, OTHERS["somebody"]) & CHANGES
    assert wrong(server, rights["identity_sid"], list(rights["effective_rights"])) == []
