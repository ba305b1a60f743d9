"""Which secret is kept where: the settings are parted, and a place that cannot hold a secret is refused."""

from __future__ import annotations

import re

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core import plan
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core.plan import Refused
from ansible_collections.imops.identity_manager.plugins.plugin_utils._dotnet.json_text import REMOVE
from ansible_collections.imops.identity_manager.plugins.plugin_utils._settings import protection
from ansible_collections.imops.identity_manager.plugins.plugin_utils._settings.protection import Choice

NAMED = {"Connections": "cyberark", "connections:AD": "encrypted", "Connections.AD.Password": "plain"}
MODES = [
    ("Connections:SAP:Password", "cyberark"),
    ("Connections", "cyberark"),
    ("CONNECTIONS:ad:Login", "encrypted"),
    ("Connections:AD:password", "plain"),
    ("Connections:AD:Password:0", "plain"),
    ("Connections:AD2:Password", "cyberark"),
    ("ConnectionsAD", "azure_key_vault"),
    ("OpenId:Connections:AD", "azure_key_vault"),
]


@pytest.mark.parametrize("named", [NAMED, dict(reversed(NAMED.items()))], ids=["short first", "long first"])
@pytest.mark.parametrize(("path", "mode"), MODES)
def test_the_longest_path_that_fits_says_where_a_secret_is_kept(named, path, mode):
    assert Choice.of("azure_key_vault", named, []).mode(protection.path_of(path)) == mode


@pytest.mark.parametrize(
    ("path", "is_named", "is_accepted"),
    [
        ("connections:ad", True, False),
        ("Connections:AD:Login", False, False),
        ("Connections:AD:Password", True, False),
        ("OpenId", False, False),
        ("OpenId:OpenIdClients", False, True),
        ("openid:openidclients:Job", False, True),
        ("License", False, True),
        ("LicenseKey", False, False),
    ],
)
def test_a_path_is_named_itself_and_accepted_with_all_below_it(path, is_named, is_accepted):
    choice = Choice.of("plain", NAMED, ["OpenId:OpenIdClients", "License"])
    assert choice.names(protection.path_of(path)) is is_named
    assert choice.accepts(protection.path_of(path)) is is_accepted


CONNECTION = {"Server": "a", "Login": "l", "Password": "p"}
PARTED = {
    "nothing is secret": ("encrypted", {}, {"A": {"B": 1}}, {"A": {"B": 1}}, {}),
    "in clear": ("plain", {}, {"Password": "p"}, {"Password": "p"}, {}),
    "a secret beside others": (
        "encrypted",
        {},
        {"A": CONNECTION},
        {"A": {**CONNECTION, "Password": REMOVE}},
        {"encrypted": {"A": {"Password": "p"}}},
    ),
    "a section of secrets": (
        "azure_key_vault",
        {},
        {"OpenIdClients": {"Job": "j", "Admin": "a"}},
        {"OpenIdClients": {"Job": REMOVE, "Admin": REMOVE}},
        {"azure_key_vault": {"OpenIdClients": {"Job": "j", "Admin": "a"}}},
    ),
    "two places": (
        "encrypted",
        {"Connections:A:Password": "cyberark"},
        {"Connections": {"A": CONNECTION, "B": CONNECTION}},
        {"Connections": {"A": {**CONNECTION, "Password": REMOVE}, "B": {**CONNECTION, "Password": REMOVE}}},
        {
            "cyberark": {"Connections": {"A": {"Password": "p"}}},
            "encrypted": {"Connections": {"B": {"Password": "p"}}},
        },
    ),
    "in a list": (
        "encrypted",
        {},
        {"Items": [{"Name": "a"}, {"Name": "b", "Password": "p"}, "c"]},
        {"Items": [{"Name": "a"}, {"Name": "b"}, "c"]},
        {"encrypted": {"Items": [{}, {"Password": "p"}, {}]}},
    ),
    "named though its key is no secret's": (
        "plain",
        {"A:Login": "encrypted"},
        {"A": CONNECTION},
        {"A": {**CONNECTION, "Login": REMOVE}},
        {"encrypted": {"A": {"Login": "l"}}},
    ),
    "everything below a named section": (
        "plain",
        {"A": "encrypted"},
        {"A": {"B": 1, "C": [True, {"D": "d"}]}, "E": 2},
        {"A": {"B": REMOVE, "C": ["", {}]}, "E": 2},
        {"encrypted": {"A": {"B": 1, "C": [True, {"D": "d"}]}}},
    ),
    "secrets only of a section that is named for CyberArk": (
        "plain",
        {"Connections": "cyberark"},
        {"Connections": {"A": CONNECTION}},
        {"Connections": {"A": {**CONNECTION, "Password": REMOVE}}},
        {"cyberark": {"Connections": {"A": {"Password": "p"}}}},
    ),
    "what stands below free keys": (
        "encrypted",
        {},
        {"Connections": {"A": {"PowerShellScriptPath": "s", "Options": {"Pwd": "p", "Any": "a"}}}},
        {"Connections": {"A": {"PowerShellScriptPath": "s", "Options": {"Pwd": REMOVE, "Any": REMOVE}}}},
        {"encrypted": {"Connections": {"A": {"Options": {"Pwd": "p", "Any": "a"}}}}},
    ),
    "keys with colons, misspelt ones, and texts that look like secrets": (
        "encrypted",
        {},
        {"OpenId:OpenIdClients:Old": "o", "Connections": {"A": {"Pasword": "p"}}, "Any": "Server=x;Password=y"},
        {"OpenId:OpenIdClients:Old": REMOVE, "Connections": {"A": {"Pasword": REMOVE}}, "Any": REMOVE},
        {
            "encrypted": {
                "OpenId:OpenIdClients:Old": "o",
                "Connections": {"A": {"Pasword": "p"}},
                "Any": "Server=x;Password=y",
            }
        },
    ),
    "perhaps a secret, where its place cannot hold it": (
        "cyberark",
        {},
        {"Connections": {"A": {"Options": {"Any": "a"}}}},
        {"Connections": {"A": {"Options": {"Any": "a"}}}},
        {},
    ),
    "nothing and what goes": (
        "encrypted",
        {},
        {"A": {"Password": "", "Token": None, "Secret": REMOVE}},
        {"A": {"Password": "", "Token": None, "Secret": REMOVE}},
        {},
    ),
    "the pair that opens the others": (
        "encrypted",
        {},
        {"encryptionCertificate": {"X509KeyFilePassword": "p"}},
        {"encryptionCertificate": {"X509KeyFilePassword": "p"}},
        {},
    ),
}


@pytest.mark.parametrize("name", PARTED)
def test_a_secret_leaves_the_plain_file_for_its_place_and_nothing_else_does(name):
    default, named, given, plain, secrets = PARTED[name]
    kept = protection.kept(given, Choice.of(default, named, []))
    assert kept.plain == plain
    assert {mode: tree for mode, tree in kept.secrets.items() if tree} == secrets


def test_the_paths_of_the_secrets_are_known_by_place_and_a_list_s_items_by_number():
    given = {"Connections": {"A": CONNECTION}, "Items": [{"Token": "a"}, {"Token": "b"}], "License": "c"}
    kept = protection.kept(given, Choice.of("encrypted", {"License": "plain", "Connections": "cyberark"}, []))
    assert {mode: [protection.words(path) for path in paths] for mode, paths in kept.paths.items()} == {
        "plain": ["License"],
        "encrypted": ["Items:0:Token", "Items:1:Token"],
        "cyberark": ["Connections:A:Password"],
        "azure_key_vault": [],
    }
    assert kept.elsewhere() == {
        "Items": [{"Token": "a"}, {"Token": "b"}],
        "Connections": {"A": {"Password": "p"}},
    }


CANNOT = [
    ("cyberark", "OpenId:Password", "OpenId:Password: CyberArk cannot hold it"),
    ("cyberark", "Connections:A:ConnectionString", "Connections:A:ConnectionString: CyberArk cannot hold it"),
    ("cyberark", "connections:A:Password", None),
    ("cyberark", "Connections:A:clientsecret", None),
    ("azure_key_vault", "My_A:Password", "has letters and digits only, found 'My_A'"),
    ("azure_key_vault", "A:B-C:Password", "has letters and digits only, found 'B-C'"),
    ("azure_key_vault", "A:B1:Password", None),
    ("encrypted", "My_A:Password", None),
]


@pytest.mark.parametrize(("mode", "path", "words"), CANNOT)
def test_a_place_that_cannot_hold_a_secret_is_refused_by_its_path(mode, path, words):
    given = "canary-value"
    for key in reversed(protection.path_of(path)):
        given = {key: given}
    if words is None:
        assert protection.kept(given, Choice(mode)).secrets[mode] == given
        return
    with pytest.raises(Refused, match=re.escape(words)) as refused:
        protection.kept(given, Choice(mode))
    assert "canary" not in str(refused.value)


ACCOUNTS = {"AD": {"Password": "a", "LOGIN": "b"}, "SAP": {"Server": "c"}}
MAPPED = [
    (ACCOUNTS, ["Connections:AD:Password", "connections:sap:SERVER"], None),
    (ACCOUNTS, ["Connections:AD:ApplicationKey"], "Connections:AD:ApplicationKey: is to be kept in CyberArk"),
    ({"AD": {"Filter": "a"}}, [], "cyberark.accounts: ad:filter: CyberArk accounts hold no such key"),
    ({"AD": ["a"]}, [], "cyberark.accounts: ad:0: CyberArk accounts hold no such key"),
]


@pytest.mark.parametrize(("accounts", "wanted", "words"), MAPPED)
def test_a_mapping_names_an_account_for_each_secret_that_is_kept_in_cyberark(accounts, wanted, words):
    paths = [protection.path_of(path) for path in wanted]
    if words is None:
        assert protection.mapping(accounts, paths) == {"Connections": accounts}
        return
    with pytest.raises(Refused, match=re.escape(words)):
        protection.mapping(accounts, paths)


def test_a_protection_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(Refused, match="A: found 'vault', wanted one of plain, encrypted, cyberark, azure_key_vault"):
        Choice.of("plain", {"A": "vault"}, [])


@pytest.mark.parametrize("text", ["Connections:AD:Password", "Connections.AD.Password", ":Connections::AD.Password."])
def test_a_path_may_be_written_with_colons_or_dots_and_has_one_name_in_a_vault(text):
    path = protection.path_of(text)
    assert protection.words(path) == "Connections:AD:Password"
    assert protection.vault_name(path) == "Connections--AD--Password"


def test_no_secret_is_in_what_a_log_would_show_of_the_parted_settings():
    kept = protection.kept({"Token": "canary-plain-token"}, Choice.of("plain", {}, []))
    assert kept.plain == {"Token": "canary-plain-token"}
    assert "canary" not in repr(kept)
    operation = plan.write("write the file", "file", content="canary-content")
    assert "canary" not in repr(operation)
    for call in (operation, plan.Operation("start it", "a.b.c", {})):
        assert not call.secret, "unless it is told otherwise, a call is logged as usual"
