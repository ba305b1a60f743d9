"""The papers: every reader finds a chapter, nothing of a name becomes markup, and files are written whole."""

from __future__ import annotations

import re
from pathlib import Path

import audited
import chain
import handed
import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._handover import pages
from in_process import Server

HOSTILE = ("a|b", "<img src=x>", "[x](y)", "`a`", "_a_", "*a*", "a\nb", "\\\\share", "\\|", "&lt;", "C:\\Work\\")


@pytest.fixture(scope="module")
def installed():
    return audited.installed()


@pytest.fixture(scope="module")
def sheet(installed):
    return handed.sheet(installed, executions=1)


def write(server: Server, folder: Path, results, *, check=False):
    return server.run("im_handover", {"folder": str(folder), "results": results}, check=check)


def cells(page):
    """Return the rows of all tables, as a reader of Markdown sees them."""
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    split = [re.split(r"(?<!\\)(?:\\\\)*\|", row)[1:-1] for row in rows]
    return [[re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", cell).strip() for cell in row] for row in split]


def test_each_reader_has_a_chapter(sheet):
    vault = {"vault": "https://v", "secrets": ["OpenId--OpenIdClients--Job"]}
    cyberark = {"server": "c", "safe": "s", "application": "a", "accounts": [{"key": "k", "account": "acc"}]}
    page = handed.papers({**sheet, "key_vault": vault, "cyberark": cyberark}, lost="unreachable")[pages.PAGE]
    assert re.findall(r"^## For (?:the )?(.*?)(?::.*)?$", page, re.MULTILINE) == [
        "integration team",
        "network",
        "directory",
        "public key infrastructure",
        "Key Vault",
        "CyberArk",
    ]
    assert ["lost", "everything: unreachable"] in cells(page)
    assert [sheet["server"], "https://v", "OpenId--OpenIdClients--Job"] in cells(page)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_cell_is_what_it_was_and_no_markup(sheet, text):
    page = handed.papers({**sheet, "identifier": text})[pages.PAGE]
    row = next(row for row in cells(page) if chain.SERVER_URL in row)
    assert (len(row), row[0]) == (4, " ".join(text.split()))
    assert "<img" not in re.sub(r"\\<", "", page)


def test_what_agents_share_is_written_once(sheet):
    other = {**sheet, "server": "agent-lyon.contoso.com"}
    papers = handed.papers(sheet, other)
    assert papers[pages.XML].count("<OpenIdClient ") == 2
    assert papers[pages.XML].count("<Connection ") == 4
    assert "certificates/agent-lyon.contoso.com.cer" in papers


@pytest.mark.parametrize("server", ["../../etc/x", "/etc/x", ".x", "a b"])
def test_no_name_of_a_server_leads_out_of_the_folder(sheet, server):
    for name in handed.papers({**sheet, "server": server}):
        assert not Path(name).is_absolute()
        assert ".." not in Path(name).parts
        assert not Path(name).name.startswith(".")


def test_papers_are_written_once_for_nobody_else_to_change(installed, sheet, tmp_path):
    first = write(installed, tmp_path / "new", {handed.SERVER: {"sheet": sheet}})
    assert first["changed"]
    assert {Path(file).stat().st_mode & 0o777 for file in first["files"]} == {0o600}
    assert [Path(file).name for file in first["files"]] == ["agents.xml", f"{handed.SERVER}.cer", "handover.md"]
    again = write(installed, tmp_path / "new", {handed.SERVER: {"sheet": sheet}})
    assert (again["changed"], again["diff"]) == (False, [])


def test_check_mode_shows_the_papers_and_writes_none(installed, sheet, tmp_path):
    result = write(installed, tmp_path / "new", {handed.SERVER: {"sheet": sheet}}, check=True)
    assert result["changed"]
    assert any("For the network" in one["after"] for one in result["diff"])
    assert not (tmp_path / "new").exists()


def test_the_diff_of_a_paper_has_the_lines_that_change_and_two_around_them(installed, sheet, tmp_path):
    write(installed, tmp_path, {handed.SERVER: {"sheet": sheet}})
    page = tmp_path / pages.PAGE
    page.write_text(
        "canary of somebody else\n" + "a line\n" * 9 + page.read_text("utf-8") + "\nadded by hand\n", "utf-8"
    )
    (diff,) = write(installed, tmp_path, {handed.SERVER: {"sheet": sheet}}, check=True)["diff"]
    assert "added by hand" in diff["before"]
    assert "For the network" not in diff["before"] + diff["after"]


@pytest.mark.parametrize("result", [{"failed": True, "msg": "the inventory is refused"}, {}, None, "text"])
def test_a_server_without_a_sheet_fails_the_task_after_the_others_are_written(installed, sheet, tmp_path, result):
    done = write(installed, tmp_path, {handed.SERVER: {"sheet": sheet}, "lost": result})
    assert done["failed"]
    assert "lost: " in done["msg"]
    assert "lost" in (tmp_path / pages.PAGE).read_text("utf-8")
    assert handed.SERVER in (tmp_path / pages.PAGE).read_text("utf-8")


def test_a_folder_that_cannot_be_written_is_named(installed, sheet, tmp_path):
    (tmp_path / "file").write_text("mine", "utf-8")
    done = write(installed, tmp_path / "file" / "below", {handed.SERVER: {"sheet": sheet}})
    assert done["failed"]
    assert f"cannot write {tmp_path}" in done["msg"]
