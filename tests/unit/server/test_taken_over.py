"""An agent that somebody unpacked by hand: compared with the archive, and taken for it where the programs are equal."""

from __future__ import annotations

import io
import zipfile

import chain
import pytest

ARGUMENTS = {
    "path": chain.WORKING,
    "archive": {"source": chain.ARCHIVE_URL, "checksum": chain.sha256(chain.FILES.archive)},
}
MARKER, MANIFEST = f"{chain.RUNTIME}\\.im-runtime", f"{chain.RUNTIME}\\.im-manifest"
COMPARES = f"compare {chain.RUNTIME}, which was installed by hand, with the runtime archive, and mark it as its own"


def by_hand(**changes):
    """Return a server with the archive's files in Runtime; ``changes``: texts by name, None for none."""
    server = chain.server()
    with zipfile.ZipFile(io.BytesIO(chain.FILES.archive.read_bytes())) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    for name in ("web.config", "appsettings.json", "appsettings.agent.json"):
        content[name] = content[f"Agent/{name}"]
    for name, data in (content | changes).items():
        path = f"{chain.RUNTIME}\\{name}".replace("/", "\\")
        server.machine.files.make_folder(path.rpartition("\\")[0])
        if data is not None:
            server.machine.files.write(path, data)
    return server


def run(server, *, check=False):
    server.new_run()
    return server.run("win_im_working_directory", ARGUMENTS, check=check)


def test_an_agent_with_the_archives_programs_is_marked_and_nothing_else_of_it_changes():
    mine = {"appsettings.json": "{}", "identity.pfx": "x", "wwwroot/index.html": None}
    server = by_hand(**mine)
    before = server.machine.files.dump()
    done = chain.foretold(lambda target, check=False: run(target, check=check), server)
    assert COMPARES in done["operations"]
    after = server.machine.files.dump()
    assert {path for path in after if before.get(path) != after[path] and path.startswith(chain.RUNTIME)} <= {
        chain.RUNTIME,
        MARKER,
        MANIFEST,
    }
    assert server.machine.files.text(MARKER) == chain.sha256(chain.FILES.archive)
    told = " ".join(done["warnings"])
    assert "identity.pfx are not the archive's" in told
    assert "appsettings.json are otherwise than in the archive" in told
    assert "wwwroot\\index.html are missing" in told
    assert not server.machine.files.exists(f"{chain.WORKING}\\.im-archive.zip")
    assert run(server)["changed"] is False


@pytest.mark.parametrize(
    "changes",
    [{"Usercube-Invoke-Job.exe": "newer"}, {"Usercube-Server.dll": None}, {"Usercube-New.dll": "of another version"}],
    ids=["changed", "missing", "more"],
)
def test_another_version_is_refused_and_not_marked(changes):
    server = by_hand(**changes)
    done = run(server)
    assert done["failed"]
    assert "found another version than the archive's" in done["msg"]
    assert next(iter(changes)) in done["msg"]
    assert not server.machine.files.exists(MARKER)
    assert run(server)["failed"]


def test_many_files_of_their_own_are_counted():
    server = by_hand(**{f"own{number:02}.dll": "x" for number in range(20)})
    (told,) = run(server)["warnings"]
    assert "own11.dll and 8 more are not the archive's" in told
