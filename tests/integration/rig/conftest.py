"""The engine, one for the session with a fresh drive for each file, and a server for the probe's requests."""

from __future__ import annotations

import sys
import typing as t
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from dotnet_reader import DotnetReader
from emulator.process.powershell import Unavailable
from mail_server import MailServers
from powershell import Engine
from sql_server import SqlServers
from web_server import WebServer


@pytest.fixture(scope="session")
def started() -> t.Iterator[Engine]:
    """A PowerShell with Windows calls; without one the tests are skipped with the reason."""
    try:
        made = Engine()
        if made.script("[Environment]::OSVersion.Platform").text.strip() != "Win32NT":
            pytest.skip("the PowerShell engine runs on no Windows, and our scripts call Windows")
        made.keep()
    except Unavailable as why:
        pytest.skip(str(why))
    yield made
    made.close()


@pytest.fixture(scope="module")
def engine(started: Engine) -> Engine:
    """The session's PowerShell, on a drive that no other file of tests has touched."""
    started.renew()
    return started


@pytest.fixture(scope="session")
def dotnet() -> t.Iterator[DotnetReader]:
    """The .NET of the engine as a reader of settings files; without one the tests are skipped with the reason."""
    try:
        made = Engine(windows=False)
    except Unavailable as why:
        pytest.skip(str(why))
    try:
        yield DotnetReader(made)
    except Unavailable as why:
        pytest.skip(str(why))
    finally:
        made.close()


@pytest.fixture(scope="session")
def web() -> t.Iterator[WebServer]:
    """A server that answers well and badly."""
    with WebServer() as server:
        yield server


@pytest.fixture(scope="session")
def mail(web: WebServer) -> t.Iterator[MailServers]:
    """Mail servers of each kind."""
    with MailServers(web.context) as servers:
        yield servers


@pytest.fixture(scope="session")
def sql(web: WebServer) -> t.Iterator[SqlServers]:
    """SQL Servers of each kind."""
    with SqlServers(web.context) as servers:
        yield servers


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the engine's tests."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.rig)
