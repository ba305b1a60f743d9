"""Backups of settings, of web.config and of applicationHost.config go where none is wanted, and nothing else does."""

from __future__ import annotations

import by_day
import chain
import install_playbook
import pytest
from in_process import Server

STAMP = "20261124T101500000"
IMOPS = "C:\\Windows\\System32\\inetsrv\\backup\\imops"
OURS = [
    f"{chain.RUNTIME}\\{name}.{STAMP}.bak"
    for name in ("appsettings.json", "appsettings.encrypted.agent.json", "web.config", "WEB.CONFIG")
]
OTHERS = [
    f"{chain.RUNTIME}\\{name}"
    for name in ("appsettings.json.mine.bak", f"notes.{STAMP}.bak", f"appsettings.json.{STAMP}.bak.txt")
]


def run(server: Server, hosting: str, count: int = 0, *, check: bool = False):
    given = {f"im_agent_{name}": value for name, value in chain.inventory(hosting=hosting).items() if value is not None}
    given |= {"inventory_hostname": "paris.contoso.com", "im_agent_verify_timeout": 0, "im_agent_backup_count": count}
    done = install_playbook.run(server, given, check=check)
    assert not done[-1].result.get("failed"), done[-1].result["msg"]
    return done


def operations(done):
    return [operation for task in done for operation in task.result.get("operations", ()) if task.changed]


@pytest.mark.parametrize("hosting", by_day.these({"iis"}, ("iis", "service")))
def test_no_backup_stays_where_none_is_wanted(hosting):
    server = chain.installed(hosting)
    files = server.machine.files
    for path in OTHERS:
        files.write(path, b"{}")
    run(server, hosting, 5)
    for path in OURS:
        files.write(path, b"{}")
    predicted = run(server, hosting, check=True)
    assert all(files.exists(path) for path in OURS), "check mode removes nothing"
    done = run(server, hosting)
    assert operations(predicted) == operations(done)
    assert {one.split()[0] for one in operations(done)} - {"let"} == {"remove"}, "nothing restarts"
    assert not [path for path in OURS if files.exists(path)]
    assert all(files.exists(path) for path in OTHERS)
    assert not files.exists(IMOPS)
    assert operations(run(server, hosting)) == []
    assert server.executions == 1


def test_backups_stay_where_some_are_wanted():
    server = chain.installed()
    server.machine.files.write(OURS[0], b"{}")
    assert not [one for one in operations(run(server, "iis", 1)) if one.startswith("remove")]
    assert server.machine.files.exists(OURS[0])
    assert server.machine.files.exists(IMOPS)
