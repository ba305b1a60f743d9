"""Argument specs, read from the modules' own scripts, and the checks of Ansible.Basic."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from emulator.model import argument_checks, spec
from emulator.model.call import ModuleFailure

PACKAGES = next(Path(sys.prefix).glob("lib/python*/site-packages/ansible_collections"))
SCRIPTS = sorted(
    [
        *(PACKAGES / "ansible/windows/plugins/modules").glob("*.ps1"),
        *(PACKAGES / "microsoft/iis/plugins/modules").glob("*.ps1"),
    ]
)
WEB = (PACKAGES / "ansible/windows/plugins/module_utils/WebRequest.psm1").read_text("utf-8-sig")
MADE_AT_RUN_TIME = {"win_dsc"}


def of(name, collection="ansible/windows"):
    return spec.read((PACKAGES / collection / "plugins/modules" / f"{name}.ps1").read_text("utf-8-sig"), WEB)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_every_module_states_its_options(path):
    found = spec.read(path.read_text("utf-8-sig"), WEB)
    assert (found.options is None and not found.legacy) == (path.stem in MADE_AT_RUN_TIME)


GOOD = [
    ("win_feature", "ansible/windows", {"name": "Web-Server, Web-AppInit"}, {"name": ["Web-Server", "Web-AppInit"]}),
    (
        "win_get_url",
        "ansible/windows",
        {"url": "u", "dest": "d", "force": "no"},
        {"force": False, "checksum_algorithm": "sha1"},
    ),
    (
        "win_get_url",
        "ansible/windows",
        {"url": "u", "dest": "d", "timeout": "5"},
        {"url_timeout": 5, "validate_certs": True},
    ),
    (
        "win_regedit",
        "ansible/windows",
        {"path": "a", "key": "b", "value": "c", "entry": "d", "name": "e", "datatype": None, "type": "dword"},
        {"path": "b", "name": "c", "type": None},
    ),
    ("web_app_pool", "microsoft/iis", {"name": "x"}, {"state": "present"}),
    ("website", "microsoft/iis", {"name": "x", "bindings": {"add": [{"port": "443"}]}}, {"state": "started"}),
]


@pytest.mark.parametrize(("name", "collection", "given", "expected"), GOOD)
def test_arguments_are_made_what_the_module_sees(name, collection, given, expected):
    seen = argument_checks.check(of(name, collection), name, {**given, "_ansible_check_mode": False})
    assert {key: seen[key] for key in expected} == expected


BAD = [
    (
        "win_feature",
        "ansible/windows",
        {"name": ["x"], "nmae": 1},
        r"Unsupported parameters for \(win_feature\) module: nmae",
    ),
    ("win_feature", "ansible/windows", {}, "missing required arguments: name"),
    (
        "win_feature",
        "ansible/windows",
        {"name": ["x"], "state": "there"},
        "value of state must be one of: present, absent",
    ),
    ("win_get_url", "ansible/windows", {"url": "u", "dest": "d", "force": "perhaps"}, "unable to convert to bool"),
    (
        "win_get_url",
        "ansible/windows",
        {"url": "u", "dest": "d", "checksum": "a", "checksum_url": "b"},
        "mutually exclusive",
    ),
    ("win_service", "ansible/windows", {"name": "x", "password": "y"}, "required by 'password': username"),
    ("website", "microsoft/iis", {"name": "x", "bindings": {"add": [{"prt": 443}]}}, "prt found in bindings -> add"),
    ("website", "microsoft/iis", {"name": "x", "bindings": {"add": [], "set": []}}, "mutually exclusive"),
]


@pytest.mark.parametrize(("name", "collection", "given", "message"), BAD)
def test_wrong_arguments_fail_as_on_the_server(name, collection, given, message):
    with pytest.raises(ModuleFailure, match=message):
        argument_checks.check(of(name, collection), name, given)


def test_only_declared_secrets_are_hidden_from_the_event_log():
    shown = spec.hidden(of("win_service"), {"name": "x", "password": "canary", "_ansible_diff": True})
    assert shown == {"name": "x", "password": "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"}
    pool = spec.hidden(of("web_app_pool", "microsoft/iis"), {"attributes": {"processModel.password": "canary"}})
    assert "canary" in str(pool), "the real module's trap: attributes are not declared secret"


def test_values_that_cannot_be_are_found_each_for_itself():
    given = {"path": "x", "get_checksum": "maybe", "checksum_algorithm": "crc", "get_size": "yes", "nonsense": 1}
    assert argument_checks.impossible(of("win_stat"), given) == ["get_checksum", "checksum_algorithm"]
    assert argument_checks.impossible(of("win_acl"), {"type": "maybe"}) == [], (
        "a module of the old kind reads them in its order"
    )
