"""The hosting bundle from everywhere a server can have it from: what is checked before it runs, and what follows."""

from __future__ import annotations

import hashlib
import re

import chain
import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._server import installer_errors
from emulator.windows.iis.defaults import CONFIG_PATH
from emulator.windows.installed import packages
from emulator.windows.system import dotnet

GOOD = packages.hosting_bundle("8.0.22")
SUM = hashlib.sha256(GOOD).hexdigest()
URL, SHARE, LOCAL = "https://files.contoso.com/b.exe", "\\\\files\\share\\b.exe", "C:\\media\\b.exe"
NAME = "install the .NET hosting bundle"


def server(**bundle):
    """Return a server that has an installer under a URL, on a share and on its disk."""
    content = {"hosting_bundle": "8.0.22", **bundle}
    found = chain.server({"web": {URL: content}, "shares": {SHARE: content}})
    found.machine.files.make_folder("C:\\media")
    found.machine.files.write(LOCAL, packages.hosting_bundle("8.0.22", **bundle))
    return found


def install(server, source=URL, *, check=False, reboot="report", **more):
    server.new_run()
    bundle = {"source": source, "checksum": SUM, "version": "8.0.22", **more}
    return server.run("win_im_prerequisites", {"hosting_bundle": bundle, "reboot": reboot}, check=check)


@pytest.mark.parametrize("source", [URL, SHARE, LOCAL])
def test_a_bundle_by_url_share_or_file_is_installed_once(source):
    server_ = server()
    assert NAME in install(server_, source, check=True)["operations"]
    assert NAME in install(server_, source)["operations"]
    assert server_.machine.packages.versions() == ["8.0.22"]
    assert install(server_, source)["changed"] is False


REFUSED = {
    "not signed": ({"signed": False}, {"checksum": None}, "signature status is 'NotSigned'"),
    "another file": ({}, {"checksum": "0" * 64}, "checksum"),
}


@pytest.mark.parametrize("source", [URL, SHARE, LOCAL])
@pytest.mark.parametrize("name", REFUSED)
def test_a_bundle_that_is_not_what_was_named_does_not_run(name, source):
    made, given, words = REFUSED[name]
    checksum = given["checksum"] or hashlib.sha256(packages.hosting_bundle("8.0.22", **made)).hexdigest()
    server_ = server(**made)
    result = install(server_, source, checksum=checksum)
    assert result["failed"]
    assert f"could not {NAME}" in result["msg"]
    assert words in result["msg"]
    assert server_.machine.packages.versions() == []
    assert not any("b.exe" in process.command_line for process in server_.machine.processes)


def test_the_check_of_the_signature_can_be_switched_off():
    server_ = server(signed=False)
    checksum = hashlib.sha256(packages.hosting_bundle("8.0.22", signed=False)).hexdigest()
    assert install(server_, checksum=checksum, verify_signature=False)["changed"]


def test_iis_is_restarted_once_after_a_bundle_that_came_too_early():
    server_ = chain.server(
        {
            "packages": [{"version": "8.0.22", "before_iis": True}],
            "features": ["Web-Server"],
            "web": {URL: {"hosting_bundle": "8.0.22"}},
        }
    )
    done = install(server_)
    assert [o for o in done["operations"] if "features" not in o and "back up" not in o] == [
        "repair the .NET hosting bundle",
        "restart WAS and W3SVC, which interrupts every site of this server",
    ]
    assert install(server_)["changed"] is False


@pytest.mark.parametrize(("exit_code", "wants"), [(0, None), (3010, True)])
def test_only_what_changed_asks_for_a_restart_of_the_server(exit_code, wants):
    server_ = server(exit_code=exit_code)
    checksum = hashlib.sha256(packages.hosting_bundle("8.0.22", exit_code=exit_code)).hexdigest()
    assert install(server_, checksum=checksum).get("reboot_required") is wants
    server_.machine.features.restart_after = True
    assert install(server_, checksum=checksum).get("reboot_required") is None, "nothing was changed"


def test_a_module_that_iis_does_not_know_is_repaired_though_its_file_is_there():
    server_ = server()
    install(server_)
    text = server_.machine.files.read(CONFIG_PATH).decode()
    unregistered = re.sub(r'<add name="AspNetCoreModuleV2"[^>]*>', "", text)
    assert unregistered != text
    server_.machine.files.write(CONFIG_PATH, unregistered.encode())
    assert "repair the .NET hosting bundle" in install(server_, check=True)["operations"]
    assert "repair the .NET hosting bundle" in install(server_)["operations"]
    assert install(server_)["changed"] is False


def test_a_shared_configuration_is_refused_before_anything_is_installed():
    server_ = chain.server({"behaviours": {"shared_configuration": {}}})
    assert "found a shared configuration of IIS" in install(server_)["msg"]
    assert server_.machine.packages.versions() == []


def test_an_installer_of_another_version_fails_with_that_sentence_instead_of_running_in_every_run():
    server_ = server()
    result = install(server_, version="8.0.23")
    assert result["failed"]
    assert result["msg"] == (
        "paris.contoso.com: hosting_bundle.source: the installer ran, and the server then has the ASP.NET Core runtime"
        " 8.0.22, wanted 8.0.23 or newer of the same major version: name the installer of that version and its"
        " checksum, or want the version that the installer has (hosting_bundle.version)"
    )


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("dotnet-hosting-8.0.22-win.exe", "8.0.23"), ("Dotnet-Hosting-10.0.1-win.exe", "8.0")],
)
def test_an_installer_that_is_named_for_another_version_is_refused_before_the_first_write(name, wanted):
    url = f"https://files.contoso.com/{name}"
    server_ = chain.server({"web": {url: {"hosting_bundle": "8.0.22"}}})
    result = install(server_, url, version=wanted)
    assert "found an installer that is named for version" in result["msg"]
    assert f"wanted {wanted} or newer" in result["msg"]
    assert server_.executions == 1
    assert server_.machine.packages.versions() == []


def test_a_server_that_has_the_wanted_runtime_does_not_ask_for_the_installers_name():
    server_ = server()
    install(server_)
    assert install(server_, "https://files.contoso.com/dotnet-hosting-9.0.0-win.exe")["changed"] is False


def test_the_look_after_the_installer_answers_what_the_next_task_asks():
    server_ = server()
    done = install(server_)
    executions = server_.executions
    assert done["changed"]
    server_.run("win_im_prerequisites", {"hosting_bundle": {"source": URL, "checksum": SUM, "version": "8.0.22"}})
    assert server_.executions == executions


@pytest.mark.parametrize("version", ["8.0.22-rc.2.25502.107", "8.0.22-preview.1"])
def test_a_preview_of_the_runtime_is_not_the_release(version):
    server_ = server()
    folder = dotnet.runtime_folder("Microsoft.AspNetCore.App", version)
    server_.machine.files.make_folder(folder)
    server_.machine.files.write(f"{folder}\\Microsoft.AspNetCore.App.deps.json", b"{}")
    done = install(server_, check=True)
    assert NAME in done["operations"]
    assert version not in done["hosting_bundle_versions"]


def failed(behaviours, source=None, **more):
    """Return the message of a run that fails on such a server, and the server."""
    server_ = chain.server({"web": {URL: {"hosting_bundle": "8.0.22"}}, "behaviours": behaviours, **more})
    result = with_source(server_, source)
    assert result["failed"]
    return result["msg"], server_


def with_source(server_, source):
    server_.new_run()
    bundle = {"source": URL, "checksum": SUM, "version": "8.0.22"}
    return server_.run("win_im_prerequisites", {"hosting_bundle": bundle, "features_source": source})


def test_another_installation_is_named_with_what_to_do_and_the_next_run_goes_on():
    message, server_ = failed({"other_installation": {"executions": 4}})
    assert "The installer ended with 1618: another installation is under way on the server" in message
    assert "1 of 3 operations were done before" in message
    assert "Web-Server" in server_.machine.features.all()
    server_.machine.clock.wait(4)
    assert install(server_)["changed"]


def test_a_newer_bundle_whose_runtime_is_gone_is_named():
    server_ = server()
    server_.machine.packages.install_bundle("8.0.23")
    for runtime in dotnet.RUNTIMES:
        server_.machine.files.remove(dotnet.runtime_folder(runtime, "8.0.23"), recurse=True)
    message = install(server_)["msg"]
    assert "The installer ended with 1638: a newer version of the same bundle is installed already" in message


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ({"rc": 1603}, "ended with 1603: a fatal error"),
        ({"rc": -2147023278}, "ended with 2147944018 (0x80070652): another installation"),
        ({"rc": 4711}, "ended with 4711: its log"),
        ({"msg": "checksum"}, ""),
    ],
)
def test_an_exit_code_is_told_with_its_meaning(result, words):
    assert words in installer_errors.of_installer(result)
    assert bool(words) == bool(installer_errors.of_installer(result))


def test_features_without_files_are_told_with_the_variable_that_helps():
    message, server_ = failed({"removed_files_of_features": {}})
    assert "(0x800f081f): copy the folder sources\\sxs" in message
    assert "im_agent_features_source" in message
    server_.machine.files.make_folder("C:\\sxs")
    server_.machine.files.write("C:\\sxs\\iis.cab", b"MSCF")
    assert with_source(server_, "C:\\sxs")["changed"]
    server_.new_run()
    assert with_source(server_, "C:\\none")["changed"] is False, "nobody asks for a source where nothing is missing"


def test_a_source_that_is_not_there_is_refused_before_anything_is_written():
    message, server_ = failed({"removed_files_of_features": {}}, "C:\\none")
    assert "features_source: found no folder C:\\none on the server" in message
    assert server_.machine.packages.versions() == []


def test_other_failures_of_features_are_told_as_they_are():
    assert installer_errors.of_features({"msg": "ArgumentNotValid: The role is not valid"}) == ""
