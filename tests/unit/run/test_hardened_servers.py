"""What a hardened server does not allow is named before anything is written, or where it is met."""

from __future__ import annotations

import json
import re

import chain
import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._agent import folders
from test_several_agents import agent, run, unchanged

FITS = folders.LONGEST - folders.WHILE_UNPACKED - folders.BELOW
DEEP = "C:\\" + "\\".join(["a" * 40] * 5)


def installs_in(root):
    return chain.inventory(working_directory=root, sources_root_paths=[f"{root}\\Sources"])


@pytest.mark.parametrize("hosting", ["iis", "service"])
def test_the_longest_working_directory_has_room_where_paths_are_short(hosting):
    server = chain.server({"behaviours": {"max_path": {}}})
    variables = agent("Paris", hosting, working_directory=DEEP[:FITS])
    assert run(server, variables)[-1].result["verified"]
    unchanged(server, variables)


def test_an_archive_with_paths_as_long_as_is_expected_can_be_unpacked_there():
    server = chain.server({"behaviours": {"max_path": {}}})
    place = DEEP[:FITS] + "\\Runtime.im-0123456789ab.new\\"
    assert len(place) == folders.LONGEST - folders.BELOW
    server.machine.files.make_folder(place + "b" * (folders.BELOW - 10))
    server.machine.files.write(place + "b" * folders.BELOW, b"x")
    with pytest.raises(Exception, match="too long"):
        server.machine.files.write(place + "b" * (folders.BELOW + 1), b"x")


TOO_LONG = {
    "im_agent_working_directory": installs_in(DEEP[: FITS + 1]),
    "im_agent_folders.Work": chain.inventory(folders={"Work": DEEP[: folders.LONGEST - folders.BELOW + 1]}),
    "im_agent_folders.Runtime": chain.inventory(folders={"Runtime": DEEP[: folders.LONGEST - folders.BELOW - 19]}),
}


@pytest.mark.parametrize("variable", TOO_LONG)
@pytest.mark.parametrize("check", [False, True])
def test_a_path_that_would_be_too_long_is_refused_before_the_server_is_asked(variable, check):
    server = chain.server()
    (message,) = chain.failures(chain.converge(server, TOO_LONG[variable], check=check))
    assert re.search(rf"{variable} .*: found a path of \d+ characters, wanted one of \d+ characters at most", message)
    assert "since Windows PowerShell refuses paths of more than 259: name a shorter folder" in message
    assert server.executions == 0


def test_a_module_refuses_it_too():
    server = chain.server()
    arguments = chain.arguments("win_im_working_directory", chain.inventory(), {}) | {"path": DEEP[: FITS + 1]}
    assert "working directory: found a path of" in server.run("win_im_working_directory", arguments)["msg"]
    assert server.executions == 0


CONSTRAINED = [
    "Cannot invoke method. Method invocation is supported only on core types in this language mode.",
    "Cannot run untrusted PowerShell script 'win_im_probe.ps1' in ConstrainedLanguage mode with module util imports.",
    "PowerShell module util 'Ansible.ModuleUtils.AddType' is not trusted and cannot be loaded.",
]


@pytest.mark.parametrize("said", CONSTRAINED)
def test_a_server_that_trusts_no_script_is_named_as_that(said):
    server = chain.server(faults=[{"module": "*", "do": "fail", "message": said}])
    before = json.dumps(server.machine.dump(), sort_keys=True)
    (message,) = chain.failures(chain.converge(server))
    assert "PowerShell is in ConstrainedLanguage" in message
    assert "App Control or AppLocker policy must allow scripts of administrators" in message
    assert said in message, "what PowerShell said is shown too"
    assert json.dumps(server.machine.dump(), sort_keys=True) == before


def test_another_failure_of_the_first_module_is_not_taken_for_that():
    server = chain.server(faults=[{"module": "*", "do": "fail", "message": "out of memory"}])
    (message,) = chain.failures(chain.converge(server))
    assert "the probe did not answer: out of memory" in message
    assert "ConstrainedLanguage" not in message


def test_a_policy_that_takes_the_right_to_log_on_from_a_service_is_named():
    server = chain.server()
    server.machine.accounts.rights["SeServiceLogonRight"].clear()
    (message,) = chain.failures(chain.converge(server, chain.inventory(hosting="service")))
    assert "7041 a group policy" in message
    assert f"without NT SERVICE\\{chain.SERVICE} or NT SERVICE\\ALL SERVICES" in message
