"""What a server that is not quiet adds to the remote executions of a run: the table of docs/benchmarks.md."""

from __future__ import annotations

import by_day
import chain
import pytest
import runtime_archives as archives
import upgrade_play
from emulator.behaviours import presets

PAGE = chain.ROOT / "docs" / "benchmarks.md"
CHANGE = {"im_agent_server_url": chain.OTHER_SERVER_URL}
RUNS = ({}, {}, CHANGE)
"""A first installation, a run that finds nothing to do, one changed setting."""
QUIET = "quiet"
FIRST_CHOICE = {name: {key: values[0] for key, values in options} for name, options in presets._DRAWN.items()}
WORLDS = {QUIET: {}, "`lived_in`": presets.PRESETS["lived_in"]}
WORLDS |= {f"`{name}`": {name: options} for name, options in (FIRST_CHOICE | presets.PRESETS["lived_in"]).items()}


def counted(behaviours, hosting):
    """Return the executions of each run on one server."""
    server = chain.server({"behaviours": behaviours})
    server.machine.network.web[archives.FORMER_URL] = archives.FORMER.content
    given = upgrade_play.variables(hosting, archives.FORMER, im_agent_upgrade=False)
    found = []
    for change in RUNS:
        done = upgrade_play.play(server, given | change)
        assert not done.msg, done.msg
        found.append(server.executions)
    return found


def table():
    """Return the rows of the page: the numbers under IIS and as a service, by what the server is like."""
    part = PAGE.read_text("utf-8").partition("<!-- unkind -->")[2].partition("<!-- end of unkind -->")[0]
    rows = [
        [cell.strip() for cell in line.strip("| ").split("|")] for line in part.splitlines() if line.startswith("|")
    ]
    return {name: [int(number) for number in numbers] for name, *numbers in rows[2:]}


@pytest.mark.parametrize("name", by_day.one_in(12, WORLDS))
def test_the_page_has_the_executions_of_each(name):
    """One that the page does not name has those of a quiet one."""
    rows = table()
    found = [number for hosting in ("iis", "service") for number in counted(WORLDS[name], hosting)]
    assert found == rows.get(name, rows[QUIET])


def test_the_page_names_no_server_that_is_not_counted():
    assert table().keys() <= WORLDS.keys()
