"""The password of a PFX file on the server is changed: what only the former one opens is written anew beside it."""

from __future__ import annotations

import json

import chain
import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._certificates import key_container
from in_process import Server

OLD, NEW, WRONG = "canary-file-0ld-33", "canary-file-new-74", "canary-file-wrong-05"
KEPT = "kept"
FOLDER = "C:\\im\\Pairs"
FIRST, SECOND = f"{FOLDER}\\files.pfx", f"{FOLDER}\\files-2.pfx"
MADE = {"use": "encryption", "place": "file", "path": FIRST}
GIVEN = {**MADE, "source": "pfx", "file": str(chain.FILES.key_pair), "password": chain.CANARIES["pfx"]}
CHANGED = {"file_password": NEW, "former_file_password": OLD}


def run(server: Server, **entry):
    server.new_run()
    state = entry.pop("state", "present")
    arguments = {"pairs": [entry], "identity": {"pool": chain.POOL}, "settings_path": chain.RUNTIME, "state": state}
    return server.run("win_im_cert_pair", arguments)


@pytest.fixture(params=[MADE, GIVEN], ids=["made", "given"])
def entry(request):
    return request.param


@pytest.fixture
def server(entry):
    """Return a server with a pair in a file of the former password, which the settings name."""
    made = chain.server({"features": ["Web-Server"], "pools": [{"name": chain.POOL}]})
    assert not run(made, **entry, file_password=OLD).get("failed")
    settles(made, FIRST)
    return made


def settles(server: Server, file: str) -> None:
    server.machine.files.make_folder(chain.RUNTIME)
    section = {"EncryptionCertificate": {"File": file}}
    server.machine.files.write(f"{chain.RUNTIME}\\appsettings.json", json.dumps(section))


def opened(server: Server, path: str, password: str):
    return key_container.read(server.machine.files.read(path), password, what=path)[1]


def test_a_file_of_the_new_password_is_written_beside_the_former_one(server, entry):
    former = server.machine.files.read(FIRST)
    done = run(server, **entry, **CHANGED)
    assert not done.get("failed"), done
    assert done["certificates"]["encryption"]["file"] == SECOND
    assert server.machine.files.read(FIRST) == former, "the agent reads it until its settings are written"
    same = opened(server, SECOND, NEW) == opened(server, FIRST, OLD)
    assert same is (entry is GIVEN)
    assert run(server, **entry, **CHANGED)["changed"] is False, "an interrupted run goes on with what is there"
    settles(server, SECOND)
    assert run(server, **entry, **CHANGED)["changed"] is False
    cleaned = run(server, **entry, **CHANGED, state="cleaned")
    assert not cleaned.get("failed"), cleaned
    assert server.machine.files.exists(FIRST) is (entry is GIVEN), "what came from elsewhere is not ours to remove"
    assert OLD not in json.dumps([done, cleaned])
    assert NEW not in json.dumps([done, cleaned])


@pytest.mark.parametrize(
    ("passwords", "words"),
    [
        ({"file_password": NEW}, "the file_password is wrong"),
        ({"file_password": NEW}, "the one of before as former_file_password"),
        ({"file_password": NEW, "former_file_password": WRONG}, "the former_file_password is wrong"),
        ({"file_password": NEW, "former_file_password": KEPT}, "former_file_password: found 'kept'"),
    ],
)
def test_a_file_that_none_of_them_opens_is_told_and_stays(server, entry, passwords, words):
    before = json.dumps(server.machine.dump(), sort_keys=True)
    refused = run(server, **entry, **passwords)
    assert words in refused["msg"]
    assert not {OLD, NEW, WRONG} & set(refused["msg"].split())
    assert json.dumps(server.machine.dump(), sort_keys=True) == before


def test_the_password_of_a_file_belongs_to_no_store():
    made = chain.server({"features": ["Web-Server"], "pools": [{"name": chain.POOL}]})
    refused = run(made, use="encryption", former_file_password=OLD)
    assert "a password of the file, wanted them with place file only" in refused["msg"]
