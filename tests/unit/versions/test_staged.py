"""Another version beside Runtime: unpacked whole while the agent runs, or refused with the reason; Runtime stays."""

from __future__ import annotations

import functools
import re

import chain
import pytest
import runtime_archives as archives
from emulator.behaviours import catalogue
from emulator.engine import ConnectionDropped
from runtime_archives import FORMER, NEW, stage


def runtime(server):
    """Return the files of Runtime."""
    return {node.path: node.content for node in server.machine.files.walk(chain.RUNTIME)}


def staged(server):
    return [n for n in server.machine.files.children(chain.WORKING) if n.startswith("Runtime.staged-")]


def test_a_version_is_unpacked_beside_runtime_which_stays_as_it_is():
    server = archives.server(files={"identity.pfx": "key"})
    before = runtime(server)
    done = chain.foretold(lambda target, check=False: stage(target, check=check), server)
    assert done["operations"] == ["download the runtime archive", f"unpack the runtime archive into {NEW.staged}"]
    assert runtime(server) == before
    files = server.machine.files
    assert files.text(f"{NEW.staged}\\.im-runtime") == NEW.checksum
    assert files.read(f"{NEW.staged}\\wwwroot\\new.js") == b"new"
    assert not files.exists(f"{chain.WORKING}\\.im-archive.zip")
    assert done["staged"] == {"path": NEW.staged, "checksum": NEW.checksum, "version": "6.2.2.0", "dotnet": 8}
    assert done["current"] == {"path": chain.RUNTIME, "checksum": FORMER.checksum, "version": "6.2.1.0", "dotnet": 8}
    assert done["files"]["own"] == ["identity.pfx"]
    assert done["files"]["both"] == done["files"]["replaced"] == done["files"]["returning"] == []
    again = stage(server)
    assert (again["changed"], again["files"]) == (False, done["files"])


def test_the_version_that_is_installed_is_not_staged():
    server = archives.server()
    done = stage(server, FORMER)
    assert (done["changed"], done["staged"], staged(server)) == (False, None, [])
    assert done["current"]["version"] == "6.2.1.0"


def test_a_version_that_was_staged_before_is_removed():
    server, other = archives.server(), archives.archive("6.2.9.0")
    assert not stage(server, other).get("failed")
    done = stage(server)
    assert f"remove {other.staged}, which was staged before" in done["operations"]
    assert staged(server) == [NEW.staged.rpartition("\\")[2]]


def test_folders_of_others_beside_runtime_stay():
    server = archives.server()
    for name in (
        "Runtime.staged-mine",
        "Runtime.staged-12345678",
        "Runtime.staged-12345678.old",
        "Runtime-6.2.0-12345678",
        "RuntimeOld",
    ):
        server.machine.files.make_folder(f"{chain.WORKING}\\{name}")
    before = server.machine.files.children(chain.WORKING)
    stage(server)
    assert set(before) < set(server.machine.files.children(chain.WORKING))


REFUSED = {
    "an older version": (archives.archive("6.1.9.0"), {}, "found version 6.1.9.0 of the agent, wanted none older than"),
    "one beyond the server": (NEW, {"server_version": "6.1"}, "wanted none newer than the Identity Manager server"),
    "one of a .NET that nobody has": (
        archives.archive("7.0.0.0", dotnet=10),
        {"hosting_bundle_version": "8.0"},
        "needs .NET 10, found 8 on the server and 8.0 in the inventory, wanted the hosting bundle of .NET 10",
    ),
    "one without a runtime configuration": (
        archives.archive("6.2.2.0", {"Usercube-Agent.runtimeconfig.json": "{}"}),
        {},
        "does not tell which .NET the agent needs",
    ),
}


@pytest.mark.parametrize(("archive", "options", "message"), REFUSED.values(), ids=REFUSED)
def test_a_version_that_cannot_take_the_place_is_refused_with_the_reason_on_each_run(archive, options, message):
    server = archives.server()
    before = runtime(server)
    for _run in range(2):
        assert message in stage(server, archive, **options)["msg"]
    assert runtime(server) == before


ALLOWED = {
    "an older version": (archives.archive("6.1.9.0"), {"downgrade": True}),
    "one as new as the server": (NEW, {"server_version": "6.2"}),
    "one older than the server": (NEW, {"server_version": "7"}),
    "one whose bundle the inventory names": (
        archives.archive("7.0.0.0", dotnet=10),
        {"hosting_bundle_version": "10.0.1"},
    ),
}


@pytest.mark.parametrize(("archive", "options"), ALLOWED.values(), ids=ALLOWED)
def test_what_is_allowed_is_staged(archive, options):
    done = stage(archives.server(), archive, **options)
    assert not done.get("failed"), done
    assert done["staged"]["path"] == archive.staged


@pytest.mark.parametrize("told", [False, True], ids=["not staged", "staged"])
def test_the_installation_refuses_it_and_names_both_versions_and_the_way(told):
    server = archives.server()
    if told:
        stage(server)
    server.machine.network.web[archives.URL] = NEW.content
    server.new_run()
    task = {"path": chain.WORKING, "archive": {"source": archives.URL, "checksum": NEW.checksum}}
    message = server.run("win_im_working_directory", task)["msg"]
    assert "holds version 6.2.1.0 of the agent" in message
    other = "version 6.2.2.0" if told else "an unknown version"
    assert f"wanted {other}, from the one with {NEW.checksum}" in message
    assert "stage.yml" in message


def test_the_way_by_hand_that_the_guide_names_ends_in_a_run_that_changes_nothing_there():
    server = archives.server(files={"identity.pfx": "key"})
    files = stage(server)["files"]
    disk = server.machine.files
    disk.move(chain.RUNTIME, f"{chain.WORKING}\\Runtime-6.2.1")
    disk.move(NEW.staged, chain.RUNTIME)
    for name in (*files["settings"], *files["own"]):
        disk.copy(f"{chain.WORKING}\\Runtime-6.2.1\\{name}", f"{chain.RUNTIME}\\{name}")
    server.new_run()
    task = {"path": chain.WORKING, "archive": {"source": archives.URL, "checksum": NEW.checksum}}
    assert server.run("win_im_working_directory", task)["changed"] is False
    assert disk.read(f"{chain.RUNTIME}\\identity.pfx") == b"key"


def test_all_reasons_are_told_at_once():
    older = archives.archive("6.1.9.0", dotnet=10)
    message = stage(archives.server(), older)["msg"]
    assert "wanted none older than 6.2.1.0" in message
    assert "needs .NET 10" in message


def test_a_file_that_both_sides_changed_is_refused_until_one_gives_way():
    server = archives.server(files={"wwwroot\\index.html": "mine", "wwwroot\\new.js": "mine too"})
    new = archives.archive("6.2.2.0", {"wwwroot/index.html": "theirs", "wwwroot/new.js": "new"})
    message = stage(server, new)["msg"]
    assert "wwwroot\\index.html, wwwroot\\new.js in " in message
    assert f"compare them with those in {new.staged}" in message
    server.machine.files.write(f"{chain.RUNTIME}\\wwwroot\\index.html", "theirs")
    server.machine.files.remove(f"{chain.RUNTIME}\\wwwroot\\new.js")
    assert stage(server, new)["files"]["both"] == []


def test_without_a_manifest_the_archive_of_before_tells_whose_files_are_whose():
    server = archives.server(files={"wwwroot\\index.html": "mine", "Connector.dll": "mine"}, manifest=False)
    done = stage(server, former_archive_source=archives.FORMER_URL)
    assert done["operations"][:2] == [
        "download the runtime archive",
        f"list the files of the archive that {chain.RUNTIME} came from",
    ]
    assert done["files"]["own"] == ["Connector.dll", "wwwroot\\index.html"]
    assert not [w for w in done.get("warnings", ()) if "nobody knows" in w]
    assert stage(server, former_archive_source=archives.FORMER_URL)["changed"] is False


def test_without_any_of_both_each_file_is_listed_by_a_rule_of_two():
    mine = {"wwwroot\\index.html": "mine", "Connector.dll": "mine", "identity.pfx": "key"}
    done = stage(archives.server(files=mine, manifest=False))
    assert (done["files"]["replaced"], done["files"]["unknown"]) == (
        [n for n in done["files"]["replaced"] if n == "wwwroot\\index.html" or n.startswith("Usercube-")],
        ["Connector.dll"],
    )
    assert "wwwroot\\index.html" in done["files"]["replaced"]
    assert done["files"]["own"] == ["identity.pfx"]
    told = " ".join(done["warnings"])
    assert "nobody knows which files of" in told
    assert "Connector.dll in " in told
    assert "stay with the former version" in told


def test_a_manifest_that_somebody_changed_is_refused():
    server = archives.server(files={".im-manifest": "x"})
    assert "found 'x', wanted SHA-256, size and name" in stage(server)["msg"]


def test_a_staged_folder_that_lost_its_manifest_is_refused():
    server = archives.server()
    stage(server)
    server.machine.files.remove(f"{NEW.staged}\\.im-manifest")
    assert "found no manifest in" in stage(server)["msg"]


def test_without_an_agent_there_is_nothing_to_take_over_from():
    message = stage(chain.server())["msg"]
    assert "found no Usercube-Agent.dll in" in message
    assert "install.yml" in message


def test_a_drive_without_room_is_refused_before_anything_is_fetched():
    server = archives.server()
    server.machine.files.drives["C"].free_bytes = 2000
    message = stage(server)["msg"]
    assert "found 0 MiB free on the drive C:" in message
    assert staged(server) == []


def test_a_drive_that_becomes_full_leaves_no_half_version_and_the_next_run_completes_it():
    failed = set()
    for room in range(0, 16000, 400):
        server = archives.server()
        drive = server.machine.files.drives["C"]
        server.machine.clock.after(2, functools.partial(setattr, drive, "free_bytes", room))
        done = stage(server)
        failed.add("".join(re.findall(r"could not (\w+)", done.get("msg", ""))))
        for name in staged(server):
            assert not done.get("failed") or name.endswith(".new"), done
            assert name.endswith(".new") or server.machine.files.exists(f"{chain.WORKING}\\{name}\\.im-runtime")
        drive.free_bytes = 10 << 20
        assert stage(server)["staged"]["version"] == "6.2.2.0"
    assert failed == {"", "download", "unpack"}


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", range(1, 6))
def test_a_run_that_is_cut_at_a_write_is_completed_by_the_next(number, when):
    """The writes: the version staged before is removed; of both archives each is fetched, and listed or unpacked."""
    options = {"former_archive_source": archives.FORMER_URL}
    server = archives.server(manifest=False)
    stage(server, archives.archive("6.2.9.0"))
    before = runtime(server)
    assert len(stage(server, check=True, **options)["operations"]) == 5
    server.engine.faults = [{"write": number, "when": when, "do": "drop"}]
    with pytest.raises(ConnectionDropped):
        stage(server, **options)
    server.engine.faults = []
    assert runtime(server).items() >= before.items()
    done = stage(server, **options)
    assert not done.get("failed"), done
    assert done["staged"]["version"] == "6.2.2.0"
    assert staged(server) == [NEW.staged.rpartition("\\")[2]]
    assert runtime(server).items() >= before.items()
    assert stage(server, **options)["changed"] is False
    assert not server.machine.files.exists(f"{chain.WORKING}\\.im-archive.zip")


def test_what_killed_runs_left_is_removed_before_the_next_is_unpacked():
    server = archives.server()
    left = f"{NEW.staged}.im-0123456789ab.new"
    server.machine.files.make_folder(left)
    server.machine.clock.advance(7200)
    assert stage(server)["operations"][0] == f"remove leftovers of an earlier run in {chain.WORKING}"
    assert not server.machine.files.exists(left)


def test_beside_a_runtime_that_is_alone_on_a_drive():
    server = archives.server()
    server.machine.files.add_drive("D")
    server.machine.files.move(chain.RUNTIME, "D:\\Runtime")
    for number, archive in enumerate((archives.archive("6.2.9.0"), NEW)):
        done = stage(server, archive, folders={"Runtime": "D:\\Runtime"})
        assert not done.get("failed"), done
        assert done["staged"]["path"] == f"D:\\Runtime.staged-{archive.checksum[:8]}"
        assert ("which was staged before" in done["operations"][0]) is bool(number)
    assert staged(server) == []


@pytest.mark.parametrize("hosting", ["iis", "service"])
def test_the_agent_runs_on_meanwhile(hosting):
    server = chain.installed(hosting)
    catalogue.switch_on(server.machine, {"held_by_worker": {}})
    inventory = chain.inventory(hosting=hosting)
    started = [one.started for one in server.machine.iis.workers()] if hosting == "iis" else []
    service = server.machine.services.get(inventory["service_name"])
    done = stage(server)
    assert done["staged"]["version"] == "6.2.2.0"
    if hosting == "iis":
        assert [one.started for one in server.machine.iis.workers()] == started
        assert started
    else:
        assert server.machine.services.get(inventory["service_name"]).started == service.started
        assert service.state == "Running"


def test_a_scanner_and_a_running_job_are_in_nobodys_way():
    server = archives.server()
    behaviours = {"scanner": {"executions": 3, "attempts": 3}, "running_job": {"executions": 0}}
    catalogue.switch_on(server.machine, behaviours)
    assert stage(server)["staged"]["version"] == "6.2.2.0"


def test_the_former_archive_may_be_on_the_controller_and_must_be_the_one_that_runtime_came_from(tmp_path):
    server = archives.server(manifest=False)
    server.variables["inventory_dir"] = str(tmp_path)
    (tmp_path / "former.zip").write_bytes(archives.FORMER.content)
    (tmp_path / "other.zip").write_bytes(NEW.content)
    refused = stage(server, former_archive_source="other.zip")["msg"]
    assert (
        f"former_archive_source: found the SHA-256 {NEW.checksum} of {tmp_path}/other.zip on the controller" in refused
    )
    assert f"wanted {archives.FORMER.checksum}" in refused
    done = stage(server, former_archive_source="former.zip")
    assert [name.partition(" (")[0] for name in done["operations"]][:2] == [
        "send the runtime archive from the controller",
        f"list the files of the archive that {chain.RUNTIME} came from",
    ]
    assert server.engine.counters.modules["put_file"] == 1
    assert stage(server, former_archive_source="former.zip")["changed"] is False


def test_a_wrong_checksum_is_refused_and_nothing_is_left():
    server = archives.server()
    server.machine.network.web[archives.URL] = b"something else"
    server.new_run()
    task = {"path": chain.WORKING, "archive": {"source": archives.URL, "checksum": NEW.checksum}}
    assert server.run("win_im_agent_stage", task)["failed"]
    assert staged(server) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"server_version": "newest"}, "server_version: found 'newest', wanted a version such as 6.2"),
        ({"former_archive_source": "x:zip"}, "former_archive_source: found 'x:zip', wanted a URL"),
        ({"former_archive_source": "x.zip"}, "former_archive_source: cannot read x.zip on the controller"),
    ],
)
def test_wrong_options_are_refused(options, message):
    assert message in stage(archives.server(), **options)["msg"]
