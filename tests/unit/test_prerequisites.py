"""The hosting bundle from everywhere a server can have it from: what is checked before it runs, and what follows."""

from __future__ import annotations

import hashlib

import chain
import pytest
from emulator.windows import packages

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


def test_a_signature_need_not_be_looked_at():
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
        "restart WAS and W3SVC",
    ]
    assert install(server_)["changed"] is False


@pytest.mark.parametrize(("exit_code", "wants"), [(0, None), (3010, True)])
def test_only_what_changed_asks_for_a_restart_of_the_server(exit_code, wants):
    server_ = server(exit_code=exit_code)
    checksum = hashlib.sha256(packages.hosting_bundle("8.0.22", exit_code=exit_code)).hexdigest()
    assert install(server_, checksum=checksum).get("reboot_required") is wants
    server_.machine.features.restart_after = True
    assert install(server_, checksum=checksum).get("reboot_required") is None, "nothing was changed"
