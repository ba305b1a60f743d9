"""An archive of the controller: sent once, whole, to servers that lack it, and refused before any server is asked."""

from __future__ import annotations

import hashlib

import chain
import install_playbook
import pytest
import runtime_archives as archives
from ansible.errors import AnsibleConnectionFailure
from ansible.utils.display import Display
from ansible_collections.imops.identity_manager.plugins.plugin_utils._agent import runtime_archive
from ansible_collections.imops.identity_manager.plugins.plugin_utils._agent.download import Download
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core.plan import Refused
from ansible_collections.imops.identity_manager.plugins.plugin_utils._run import held_files
from emulator.engine import ConnectionDropped
from runtime_archives import FORMER, NEW

ARCHIVE = chain.FILES.archive.read_bytes()
DEST = f"{chain.WORKING}\\.im-archive.zip"
SEND, UNPACK = (
    "send the runtime archive from the controller (1 MiB)",
    f"unpack the runtime archive into {chain.RUNTIME}",
)
OTHER = hashlib.sha256(b"another").hexdigest()


@pytest.fixture
def inventory(tmp_path):
    """Return a folder beside which the inventory is, with the archive."""
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "agent.zip").write_bytes(ARCHIVE)
    return tmp_path


def server(inventory, data=None, faults=()):
    made = chain.server({"web": {}, **(data or {})}, faults)
    made.variables["inventory_dir"] = str(inventory)
    return made


def run(target, source="files/agent.zip", checksum=None, *, check=False):
    target.new_run()
    archive = {"source": source, "checksum": checksum or chain.sha256(chain.FILES.archive)}
    return target.run("win_im_working_directory", {"path": chain.WORKING, "archive": archive}, check=check)


def sent(target):
    return target.engine.counters.modules.get("put_file", 0)


def told(monkeypatch):
    lines = []
    monkeypatch.setattr(Display, "display", lambda self, msg, *more, **options: lines.append(msg))
    return lines


@pytest.mark.parametrize("source", ["files/agent.zip", "agent.zip", "{folder}/files/agent.zip"])
def test_an_archive_is_sent_once_and_unpacked(inventory, source, monkeypatch):
    target, lines = server(inventory), told(monkeypatch)
    source = source.format(folder=inventory)
    done = chain.foretold(lambda one, check=False: run(one, source, check=check), target)
    assert done["operations"][-2:] == [SEND, UNPACK]
    assert sent(target) == 1
    assert [line for line in lines if "send" in line] == [f"paris.contoso.com: this may take minutes: {SEND}"]
    files = target.machine.files
    assert files.text(f"{chain.RUNTIME}\\.im-runtime") == chain.sha256(chain.FILES.archive)
    assert not files.exists(DEST)
    assert (run(target, source)["changed"], sent(target)) == (False, 0)


def test_check_mode_sends_nothing_and_tells_no_long_step(inventory, monkeypatch):
    target, lines = server(inventory), told(monkeypatch)
    assert run(target, check=True)["operations"][-2:] == [SEND, UNPACK]
    assert (sent(target), lines) == (0, [])


def test_an_archive_that_a_cut_run_has_sent_is_not_sent_again(inventory):
    target = server(inventory)
    target.machine.files.make_folder(chain.WORKING)
    target.machine.files.write(DEST, ARCHIVE)
    done = chain.foretold(lambda one, check=False: run(one, check=check), target)
    assert (UNPACK in done["operations"], SEND in done["operations"], sent(target)) == (True, False, 0)
    assert not target.machine.files.exists(DEST)


@pytest.mark.parametrize(("when", "left", "again"), [("before", len(ARCHIVE) // 2, 1), ("after", len(ARCHIVE), 0)])
def test_a_connection_that_breaks_meanwhile_leaves_what_the_next_run_tells_apart(inventory, when, left, again):
    target = server(inventory, faults=[{"module": "put_file", "occurrence": 1, "do": "drop", "when": when}])
    with pytest.raises(ConnectionDropped):
        run(target)
    files = target.machine.files
    assert (len(files.read(DEST)), files.exists(chain.RUNTIME)) == (left, True)
    assert not files.exists(f"{chain.RUNTIME}\\.im-runtime")
    target.engine.faults.clear()
    assert run(target)["operations"][-1] == UNPACK
    assert sent(target) == again
    assert run(target)["changed"] is False


def test_what_changes_on_its_way_is_refused_on_arrival_and_sent_again(inventory, monkeypatch):
    target = server(inventory)
    put = target.engine.put
    monkeypatch.setattr(target.engine, "put", lambda path, content: put(path, content[:-1] + b"x"))
    failed = run(target)
    assert failed["failed"]
    assert "not the one that was asked for" in failed["msg"]
    assert not target.machine.files.exists(f"{chain.RUNTIME}\\.im-runtime")
    monkeypatch.undo()
    assert run(target)["operations"] == [SEND, UNPACK]


@pytest.mark.parametrize("said", ["There is not enough space on the disk.", "Access is denied"])
def test_what_the_server_says_to_the_file_is_told(inventory, said):
    target = server(inventory, faults=[{"module": "put_file", "do": "fail", "message": said}])
    message = run(target)["msg"]
    assert f"could not {SEND}: {said}" in message
    assert "run again" in message


@pytest.mark.parametrize(
    "error", [FileNotFoundError(2, "No such file or directory"), ConnectionResetError(104, "reset")]
)
def test_a_file_that_cannot_be_read_or_sent_any_more_is_a_sentence(inventory, monkeypatch, error):
    target = server(inventory)

    def put(path, content):
        raise error

    monkeypatch.setattr(target.engine, "put", put)
    assert f"could not {SEND}: {error}" in run(target)["msg"]
    monkeypatch.undo()
    assert run(target)["operations"][-1] == UNPACK


@pytest.mark.parametrize("name", ["agent 6.2 (final).zip", "Größe é 代理.zip", "-agent.zip", "a'b$(x);.zip"])
def test_any_name_of_a_file_is_found_and_sent(inventory, name):
    (inventory / "files" / name).write_bytes(ARCHIVE)
    target = server(inventory)
    assert run(target, f"files/{name}", chain.sha256(chain.FILES.archive).upper())["operations"][-1] == UNPACK
    assert run(target, f"files/{name}")["changed"] is False


def test_an_empty_file_is_no_archive(inventory):
    (inventory / "files" / "empty.zip").write_bytes(b"")
    target = server(inventory)
    message = run(target, "files/empty.zip", hashlib.sha256(b"").hexdigest())["msg"]
    assert f"could not {UNPACK}" in message
    assert not target.machine.files.exists(f"{chain.RUNTIME}\\.im-runtime")


def test_a_server_that_is_not_reached_any_more_counts_as_unreachable(inventory, monkeypatch):
    target = server(inventory)

    def unreached(path, content):
        raise AnsibleConnectionFailure("the shell is gone")

    monkeypatch.setattr(target.engine, "put", unreached)
    assert run(target)["msg"] == "the shell is gone"


def test_a_file_that_is_missing_is_refused_before_the_server_is_asked(inventory):
    target = server(inventory)
    message = run(target, "files/other.zip")["msg"]
    assert "archive.source: cannot read files/other.zip on the controller" in message
    assert f"Searched: {inventory}/files/other.zip, " in message
    assert target.executions == 0


def test_a_folder_is_no_archive(inventory):
    assert (
        f"archive.source: cannot read {inventory} on the controller: Is a directory"
        in run(server(inventory), str(inventory))["msg"]
    )


def test_nothing_is_planned_with_an_archive_that_nobody_has_looked_for():
    with pytest.raises(Refused, match=r"found no file agent\.zip on the controller"):
        runtime_archive.fetched(Download("agent.zip", OTHER), chain.WORKING, lambda question: None)


def test_another_file_is_refused_before_the_server_is_asked(inventory):
    target = server(inventory)
    message = run(target, checksum=OTHER)["msg"]
    found = f"found the SHA-256 {hashlib.sha256(ARCHIVE).hexdigest()} of {inventory}/files/agent.zip on the controller"
    assert f"archive.checksum: {found}, wanted {OTHER}" in message
    assert target.executions == 0


WRONG = {
    "a backslash": "files\\agent.zip",
    "a root of no drive": "\\agent.zip",
    "a drive without a folder": "C:agent.zip",
    "a drive with a forward slash": "C:/agent.zip",
    "a share with forward slashes": "//server/share/agent.zip",
    "another scheme": "ftp://files/agent.zip",
    "a file's URL": "file:///srv/agent.zip",
    "nothing": "",
}


@pytest.mark.parametrize("source", WRONG.values(), ids=WRONG)
def test_what_is_neither_of_the_controller_nor_of_windows_is_refused(inventory, source):
    target = server(inventory)
    assert "or its path on the controller with forward slashes" in run(target, source)["msg"]
    assert target.executions == 0


def test_the_inventory_s_refusal_names_the_variable_and_comes_before_the_server_is_asked(inventory):
    for changes, variable, text in (
        ({"archive_source": "files/none.zip"}, "im_agent_archive_source", "cannot read files/none.zip"),
        (
            {"archive_source": "files/agent.zip", "archive_checksum": OTHER},
            "im_agent_archive_checksum",
            "found the SHA",
        ),
    ):
        target = server(inventory)
        given = chain.inventory(**changes)
        target.variables |= install_playbook._defaults() | {f"im_agent_{name}": value for name, value in given.items()}
        entries = ["im_working_directory"]
        done = target.run("win_im_agent_info", {"inventory": given, "foretell": entries})
        assert [one["variable"] for one in done["refusals"]] == [variable], done
        assert text in done["msg"]
        assert target.executions == 0


def test_an_agent_that_was_unpacked_by_hand_is_compared_with_the_sent_archive(inventory):
    target = server(inventory)
    assert not run(target).get("failed")
    target.machine.files.remove(f"{chain.RUNTIME}\\.im-runtime")
    done = chain.foretold(lambda one, check=False: run(one, check=check), target)
    assert done["operations"][0] == SEND
    assert "installed by hand" in done["operations"][1]
    assert not target.machine.files.exists(DEST)


@pytest.mark.parametrize(("manifest", "left"), [(True, False), (True, True), (False, False), (False, True)])
def test_a_version_is_staged_from_the_controller(inventory, manifest, left):
    (inventory / "files" / "new.zip").write_bytes(NEW.content)
    target = archives.server(FORMER, manifest=manifest)
    target.variables["inventory_dir"] = str(inventory)
    archive = {"source": "new.zip", "checksum": NEW.checksum}
    former = {} if manifest else {"former_archive_source": archives.FORMER_URL}

    def stage(one, check=False):
        one.new_run()
        return one.run("win_im_agent_stage", {"path": chain.WORKING, "archive": archive, **former}, check=check)

    if left:
        target.machine.files.write(DEST, NEW.content)
    done = chain.foretold(stage, target)
    needed = int(not (left and manifest))  # the former archive is downloaded to the same place
    assert (done["operations"].count(SEND), sent(target)) == (needed, needed)
    assert target.machine.files.text(f"{NEW.staged}\\.im-runtime") == NEW.checksum
    assert not target.machine.files.exists(DEST)
    assert (stage(target)["changed"], sent(target)) == (False, 0)


def test_an_archive_is_read_once_in_a_run_whatever_the_number_of_servers(inventory, monkeypatch):
    reads = []
    measure = held_files._read_whole
    monkeypatch.setattr(held_files, "_read_whole", lambda path: reads.append(path) or measure(path))
    servers = [server(inventory) for _ in range(3)]
    for number, one in enumerate(servers):
        one.variables["inventory_hostname"] = f"server{number}"
        monkeypatch.setattr(one, "new_run", lambda: None)
        monkeypatch.setattr(one, "_folder", servers[0]._folder)
    assert [run(one)["changed"] for one in servers] == [True] * 3
    assert len(reads) == 1
    file = inventory / "files" / "agent.zip"
    file.write_bytes(ARCHIVE + b"x")
    assert "found the SHA-256" in run(servers[0])["msg"]
    assert len(reads) == 2, "another file, though its name is the same"
