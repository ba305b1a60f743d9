"""A version of the agent that needs a .NET which the server lacks: the hosting bundle comes with the upgrade."""

from __future__ import annotations

import chain
import pytest
import runtime_archives as archives
import upgrade_play
from emulator.windows.installed.packages import hosting_bundle
from runtime_archives import FORMER
from upgrade_play import carried, play, runs, variables, version

HOSTINGS = ("iis", "service")
NEWER = archives.archive("7.0.0.0", dotnet=10)
BUNDLE_URL = "https://files.contoso.com/dotnet/dotnet-hosting-10.0.1-win.exe"
BUNDLE = hosting_bundle("10.0.1")
NAMED = {
    "im_agent_hosting_bundle_source": BUNDLE_URL,
    "im_agent_hosting_bundle_checksum": archives.sha256(BUNDLE),
    "im_agent_hosting_bundle_version": "10.0.1",
}
FRAMEWORKS = "C:\\Program Files\\dotnet\\shared\\Microsoft.AspNetCore.App"


def server(hosting):
    made = upgrade_play.server(hosting)
    made.machine.network.web[archives.URL] = NEWER.content
    made.machine.network.web[BUNDLE_URL] = BUNDLE
    return made


def frameworks(machine):
    return sorted(name.partition(".")[0] for name in machine.files.children(FRAMEWORKS))


class Order:
    """The calls of modules that matter, in order."""

    def __init__(self, server, after=None):
        self.names, self._call, self._after = [], server.engine.call, after
        self._machine = server.machine
        server.engine.call = self

    def __call__(self, name, arguments, **more):
        answer = self._call(name, arguments, **more)
        found = [found for one in arguments.get("operations", [arguments]) if (found := self._named(name, one))]
        self.names += found
        if "swap" in found and self._after:
            self._after(self._machine)
            self._after = None
        return answer

    @staticmethod
    def _named(name, one):
        """Return what one operation is: the writer's share an execution, each other module's is one of its own."""
        if name.endswith("win_package"):
            return "bundle"
        if one.get("operation") == "swap":
            return "swap"
        return "stop" if str(one.get("state")).lower() == "stopped" else ""


@pytest.mark.parametrize("hosting", HOSTINGS)
def test_the_bundle_is_installed_where_it_ends_no_job_and_the_new_version_runs_with_it(hosting):
    made = server(hosting)
    files, order = carried(made.machine), Order(made)
    done = play(made, variables(hosting, NEWER, im_agent_archive_source=archives.URL, **NAMED))
    assert (done.msg, done.result["outcome"]) == ("", "upgraded")
    assert (version(made.machine), runs(made.machine, hosting)) == (NEWER.checksum, True)
    assert carried(made.machine) == files
    assert frameworks(made.machine) == ["10", "8"]
    # IIS is restarted for the bundle, which would end the jobs of an agent under it; a service knows nothing of it.
    wanted = ["stop", "swap", "bundle"] if hosting == "iis" else ["bundle", "stop", "swap"]
    assert order.names == wanted
    again = play(made, variables(hosting, NEWER, im_agent_archive_source=archives.URL, **NAMED))
    assert (again.msg, again.operations) == ("", [])


@pytest.mark.parametrize("hosting", HOSTINGS)
def test_a_server_that_may_be_restarted_for_the_bundle_gets_it_after_the_stop(hosting, monkeypatch):
    made = server(hosting)
    files, asking, machine = carried(made.machine), hosting_bundle("10.0.1", exit_code=3010), made.machine
    machine.network.web[BUNDLE_URL] = asking
    order, restart = Order(made), machine.restart

    def restarted():
        order.names.append("restart")
        restart()
        if hosting == "service":  # its start is delayed, and comes minutes after the others
            machine.service_agents.behave(chain.SERVICE, "stop")
            machine.services.set_state(chain.SERVICE, "Stopped")

    monkeypatch.setattr(machine, "restart", restarted)
    named = {**NAMED, "im_agent_hosting_bundle_checksum": archives.sha256(asking), "im_agent_reboot": "auto"}
    done = play(made, variables(hosting, NEWER, im_agent_archive_source=archives.URL, **named))
    assert (done.msg, done.result["outcome"]) == ("", "upgraded")
    assert order.names == ["stop", "swap", "bundle", "restart"], "no job is cut"
    assert (version(machine), runs(machine, hosting)) == (NEWER.checksum, True)
    assert carried(machine) == files


@pytest.mark.parametrize("hosting", HOSTINGS)
def test_a_bundle_that_is_named_nowhere_is_refused_and_the_agent_is_as_before(hosting):
    made = server(hosting)
    before = (carried(made.machine), upgrade_play.outside(made.machine))
    order = Order(made)
    done = play(made, variables(hosting, NEWER, im_agent_archive_source=archives.URL))
    assert "needs .NET 10, found 8 on the server and 8.0.22 in the inventory" in done.msg
    assert order.names == []
    assert (version(made.machine), runs(made.machine, hosting)) == (FORMER.checksum, True)
    assert (carried(made.machine), upgrade_play.outside(made.machine)) == before
    assert not made.machine.files.exists(f"{chain.RUNTIME}.upgrade")


@pytest.mark.parametrize("hosting", HOSTINGS)
def test_a_version_that_is_taken_back_leaves_its_bundle_beside_that_of_the_former_one(hosting):
    made = server(hosting)
    files = carried(made.machine)

    def breaks(machine):
        for name in ("Usercube-Agent.dll", "Usercube-Agent.exe"):
            machine.files.remove(f"{chain.RUNTIME}\\{name}")

    Order(made, after=breaks)
    done = play(made, variables(hosting, NEWER, im_agent_archive_source=archives.URL, **NAMED))
    assert "was taken back: version 6.2.1.0 runs again. It was verified." in done.msg
    assert (version(made.machine), runs(made.machine, hosting)) == (FORMER.checksum, True)
    assert carried(made.machine) == files
    assert frameworks(made.machine) == ["10", "8"]
    for bundle in ({}, NAMED):
        after = play(made, variables(hosting, FORMER, im_agent_upgrade=False, **bundle))
        assert (after.msg, after.operations) == ("", [])


@pytest.mark.parametrize("hosting", HOSTINGS)
def test_an_installer_that_fails_leaves_the_former_version_running(hosting):
    made = server(hosting)
    files, failing = carried(made.machine), hosting_bundle("10.0.1", exit_code=1603)
    made.machine.network.web[BUNDLE_URL] = failing
    named = {**NAMED, "im_agent_hosting_bundle_checksum": archives.sha256(failing)}
    order = Order(made)
    done = play(made, variables(hosting, NEWER, im_agent_archive_source=archives.URL, **named))
    assert "1603" in done.msg
    assert ("was taken back" in done.msg) is (hosting == "iis")
    assert ("stop" in order.names) is (hosting == "iis"), "a service is not even stopped"
    assert (version(made.machine), runs(made.machine, hosting)) == (FORMER.checksum, True)
    assert carried(made.machine) == files


@pytest.mark.parametrize("hosting", HOSTINGS)
def test_check_mode_tells_the_bundle_too(hosting):
    made = server(hosting)
    before = chain.lasting(made)
    done = play(made, variables(hosting, NEWER, im_agent_archive_source=archives.URL, **NAMED), check=True)
    assert done.msg == ""
    planned = [one for step in done.known["im_agent_result"]["plan"] for one in step["operations"]]
    assert "install the .NET hosting bundle" in planned
    assert chain.lasting(made) == before
