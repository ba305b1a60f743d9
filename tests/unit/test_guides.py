"""What the guides name exists, and they are laid out alike."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
VENDOR_GUIDE = (DOCS / "vendor-guide.md").read_text("utf-8")
WIDTH = 120
MARKDOWN = sorted(
    path
    for folder in (".", "docs", "docs/decisions", "roles/*", "requirements", "tests/*", ".github")
    for path in ROOT.glob(f"{folder}/*.md")
)
# Variables whose values the role leaves to its module, and the module's option.
CHECKED_BY_MODULES = {
    "im_agent_hosting": ("win_im_agent_settings", "hosting"),
    "im_permissions_profile": ("win_im_permissions", "profile"),
    "im_permissions_grant": ("win_im_permissions", "grant"),
}


def loaded(path):
    return yaml.safe_load(path.read_text("utf-8"))


def role_options():
    """Return the options of all roles by name."""
    specs = [loaded(path) for path in (ROOT / "roles").glob("*/meta/argument_specs.yml")]
    entries = [entry for spec in specs for entry in spec["argument_specs"].values()]
    return {name: option for entry in entries for name, option in entry.get("options", {}).items()}


def module_options(module):
    return loaded(ROOT / "plugins" / "modules" / f"{module}.yml")["DOCUMENTATION"]["options"]


def vendor_rows():
    """Return the rows of the guide's tables, each as the texts of its cells."""
    lines = [line for line in VENDOR_GUIDE.splitlines() if line.startswith("| ") and not line.startswith("| ---")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in rows if row[0] != "step"]


def test_every_row_of_the_vendor_guide_names_a_step_and_what_becomes_of_it():
    assert len(vendor_rows()) > 60
    for row in vendor_rows():
        assert len(row) == 3, row
        assert row[0], row
        assert row[2], row


def test_a_row_of_the_vendor_guide_names_roles_and_their_variables():
    roles = {path.name for path in (ROOT / "roles").iterdir()}
    options = role_options()
    for row in vendor_rows():
        names = re.findall(r"`([^`]+)`", row[1])
        named = [name for name in names if name in roles]
        assert named or not names, row
        for name in names:
            assert name in roles or name in options, f"{row[0]}: {name}"
            # A variable is a shared one, or of a role that the row names.
            assert name in roles or name.startswith(("im_agent_", *(f"{role}_" for role in named))), f"{row[0]}: {name}"


def test_the_modules_options_and_filters_that_the_vendor_guide_names_exist():
    modules = {path.stem for path in (ROOT / "plugins" / "modules").glob("*.yml")}
    filters = {path.stem for path in (ROOT / "plugins" / "filter").glob("*.yml")}
    assert set(re.findall(r"`(win_im_\w+)`", VENDOR_GUIDE)) <= modules
    of_modules = re.findall(r"[Oo]ptions? ((?:`\w+`(?:, | and )?)+) of `(win_im_\w+)`", VENDOR_GUIDE)
    assert len(of_modules) > 3
    for names, module in of_modules:
        assert set(re.findall(r"`(\w+)`", names)) <= set(module_options(module)), module
    named = re.findall(r"filters? ((?:`\w+`(?: and )?)+)", VENDOR_GUIDE)
    assert {name for names in named for name in re.findall(r"`(\w+)`", names)} <= filters


@pytest.mark.parametrize(("name", "value"), sorted(set(re.findall(r"`(\w+): (\w+)`", VENDOR_GUIDE))), ids=str)
def test_a_value_that_the_vendor_guide_gives_is_one_that_can_be_given(name, value):
    if name in CHECKED_BY_MODULES:
        module, of_module = CHECKED_BY_MODULES[name]
        option = module_options(module)[of_module]
    else:
        option = (role_options() | module_options("win_im_cert_pair")["pairs"]["suboptions"])[name]
    assert value in option["choices"]


def prose(text):
    """Yield number and text of each line that is not part of a table or a code block."""
    code = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            code = not code
        elif not code and not line.lstrip().startswith("|"):
            yield number, line


@pytest.mark.parametrize("page", MARKDOWN, ids=lambda path: str(path.relative_to(ROOT)))
def test_prose_wraps_at_120_columns(page):
    # A link cannot be broken; a line is no longer than its link needs.
    long = [
        f"{number}: {line}"
        for number, line in prose(page.read_text("utf-8"))
        if len(line) > WIDTH and not re.fullmatch(r"\s*([-*] |\d+\. )?\S*\[[^]]*\]\([^)]*\)\S*", line)
    ]
    assert long == []


ARCHITECTURE = (DOCS / "architecture.md").read_text("utf-8")
NAMES = {name for name in re.findall(r"`([^`\s]+)`", ARCHITECTURE) if not re.search(r"_x\b|/x\.|<", name)}
TOP = {path.name for path in ROOT.iterdir()}


def test_every_path_that_the_architecture_names_exists():
    paths = {name for name in NAMES if "/" in name and name.split("/")[0] in TOP}
    assert len(paths) > 50
    # In the recipes a path below a role, such as meta/argument_specs.yml, is one of each role.
    missing = {
        path for path in paths if not (ROOT / path).exists() and not (ROOT / "roles" / "im_agent" / path).exists()
    }
    assert missing == set()


def test_every_file_that_the_architecture_names_without_its_folder_exists():
    folders = ("plugins", "roles", "extensions", "playbooks", "tests")
    files = {path.name for folder in folders for path in (ROOT / folder).rglob("*.*")}
    named = {name for name in NAMES if "/" not in name and re.search(r"\w\.(py|ps1|yml)$", name)}
    assert named <= files


def test_every_constant_that_the_architecture_names_exists():
    sources = [path for folder in ("plugins", "tests") for path in (ROOT / folder).rglob("*.py")]
    constants = {
        name for path in sources for name in re.findall(r"^([A-Z][A-Z_]{3,})\b", path.read_text("utf-8"), re.MULTILINE)
    }
    assert {name for name in NAMES if re.fullmatch(r"[A-Z][A-Z_]{3,}", name)} <= constants


FIRST_FILES = {
    # A change that somebody asks for, and what the file has that the page names first for it.
    "a connector: keys": "CONNECTORS",
    "such as the idle time-out": "idle_timeout_minutes",
    "a health check": "Check(",
    "a kind of question": "Answers a list of questions",
    "which value may be shown": "class Level",
    "a product rule about settings": "mail.py",
    "the form of an account name": "virtual",
    "a variable `im_agent_*`: default": "im_agent_https_port",
    "default site counts as untouched": "_touched",
    "another module of the emulator": "@handles",
}


@pytest.mark.parametrize("change", FIRST_FILES)
def test_the_first_file_that_the_architecture_names_for_a_change_has_it(change):
    (row,) = [line for line in ARCHITECTURE.splitlines() if line.startswith("| ") and change in line.split("|")[1]]
    first = ROOT / re.findall(r"`([^`]+/[^`]*)`", row.split("|")[2])[0]
    there = "\n".join(path.name for path in first.iterdir()) if first.is_dir() else first.read_text("utf-8")
    assert FIRST_FILES[change] in there


# Symptoms that Windows or the agent shows, or that are put together of several texts of ours.
NOT_OURS = ("HTTP Error 500.", "No such host is known", "paging file is too small")
OF_WINRM = ("Bad HTTP response", "invalid selectors", "shell was not found", "maximum number of concurrent")
PUT_TOGETHER = ("without a request: a worker", "/connect/token: invalid_client", "wanted Modify")


def messages():
    """Yield every text of the plugins, and what a formatted one has between its values."""
    for path in (ROOT / "plugins").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr):
                yield "\0".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
    yield from (path.read_text("utf-8") for path in (ROOT / "plugins" / "modules").glob("*.ps1"))


def test_the_messages_in_troubleshooting_are_messages_of_the_plugins():
    rows = [line.split("|")[1] for line in (DOCS / "troubleshooting.md").read_text("utf-8").splitlines() if "|" in line]
    quoted = {
        part.strip(" :") for row in rows for quote in re.findall(r"`([^`]+)`", row) for part in quote.split("...")
    }
    expected = {
        part
        for part in quoted
        if len(part) > 5 and not any(known in part for known in NOT_OURS + OF_WINRM + PUT_TOGETHER)
    }
    assert len(expected) > 20
    ours = list(messages())
    assert {part for part in expected if not any(part in text for text in ours)} == set()
