"""A hosting bundle of the controller, and files on shares that the connection's account does not see."""

from __future__ import annotations

import hashlib

import chain
import pytest
from emulator.behaviours import catalogue
from emulator.engine import ConnectionDropped
from emulator.windows.installed import packages

BUNDLE = packages.hosting_bundle("8.0.22")
SUM = hashlib.sha256(BUNDLE).hexdigest()
DEST = "C:\\Program Files\\imops-dotnet-hosting-win.exe"
SEND, INSTALL, REMOVE = (
    "send the .NET hosting bundle from the controller (1 MiB)",
    "install the .NET hosting bundle",
    f"remove {DEST}, which was sent",
)
SHARE = "\\\\files\\share\\dotnet-hosting-8.0.22-win.exe"


@pytest.fixture
def target(tmp_path):
    """Return a server whose inventory has the installer beside it."""
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "dotnet-hosting-8.0.22-win.exe").write_bytes(BUNDLE)
    made = chain.server({"shares": {SHARE: {"hosting_bundle": "8.0.22"}}})
    made.variables["inventory_dir"] = str(tmp_path)
    return made


def install(target, source="files/dotnet-hosting-8.0.22-win.exe", checksum=SUM, *, check=False):
    target.new_run()
    bundle = {"source": source, "checksum": checksum, "version": "8.0.22"}
    return target.run("win_im_prerequisites", {"hosting_bundle": bundle}, check=check)


def sent(target):
    return target.engine.counters.modules.get("put_file", 0)


def test_a_bundle_is_sent_once_installed_and_removed_again(target):
    assert install(target, check=True)["operations"][1:4] == [SEND, INSTALL, REMOVE]
    assert sent(target) == 0
    assert install(target)["operations"][1:4] == [SEND, INSTALL, REMOVE]
    assert (sent(target), target.machine.packages.versions()) == (1, ["8.0.22"])
    assert not target.machine.files.exists(DEST)
    assert (install(target)["changed"], sent(target)) == (False, 0)


def test_nobody_but_administrators_may_put_a_file_beside_the_installer(target):
    rights = target.machine.files.sddl(DEST.rpartition("\\")[0])
    assert not any(f";;0x1f01ff;;;{group}" in rights or f";;FA;;;{group}" in rights for group in ("BU", "AU", "WD"))


@pytest.mark.parametrize(("when", "again"), [("before", 1), ("after", 0)])
@pytest.mark.parametrize("module", ["put_file", "ansible.windows.win_package"])
def test_an_interrupted_run_is_finished_by_the_next(target, module, when, again):
    target.engine.faults = [{"module": module, "occurrence": 1, "do": "drop", "when": when}]
    with pytest.raises(ConnectionDropped):
        install(target)
    target.engine.faults = []
    installed = bool(target.machine.packages.versions())
    done = install(target)
    assert not done.get("failed"), done
    assert sent(target) == (again if module == "put_file" else 0)
    assert target.machine.packages.versions() == ["8.0.22"]
    assert installed == (module != "put_file" and when == "after")
    assert not target.machine.files.exists(DEST)
    assert install(target)["changed"] is False


def test_a_file_that_is_not_the_wanted_one_is_refused_before_a_server_is_asked(target):
    other = hashlib.sha256(b"another").hexdigest()
    assert f"hosting_bundle.checksum: found the SHA-256 {SUM}" in install(target, checksum=other)["msg"]
    assert "hosting_bundle.source: cannot read files/none.exe" in install(target, "files/none.exe")["msg"]
    assert target.executions == 0


def shared(target, what):
    """Return the task that needs a file on a share."""
    if what == "bundle":
        return install(target, SHARE)
    target.new_run()
    archive = {"source": "\\\\files\\share\\agent.zip", "checksum": chain.sha256(chain.FILES.archive)}
    return target.run("win_im_working_directory", {"path": chain.WORKING, "archive": archive})


@pytest.mark.parametrize("what", ["bundle", "archive"])
def test_a_share_behind_a_double_hop_is_refused_before_anything_is_written(target, what):
    target.machine.network.shares["\\\\files\\share\\agent.zip"] = chain.FILES.archive
    catalogue.switch_on(target.machine, {"no_second_hop": {}})
    before = chain.lasting(target)
    refused = shared(target, what)["msg"]
    for words in ("double hop", "CredSSP", "ansible_psrp_negotiate_delegate", "on the controller"):
        assert words in refused
    assert chain.lasting(target) == before
    target.machine.network.second_hop = True
    assert not shared(target, what).get("failed")
    assert shared(target, what)["changed"] is False
