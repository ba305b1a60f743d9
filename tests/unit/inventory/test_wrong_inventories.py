"""A wrong inventory is refused by the first task: where it was set, what was found, what is wanted and what to do.

The inventories are files, read as Ansible reads them, and canaries stand in the lines around each value.
"""

from __future__ import annotations

import functools
import json
import re
import typing as t

import chain
import install_playbook
import pytest
import written

WORDS = re.compile(
    r"object of type|undefined|Traceback|unable to convert|cannot be converted|has no attribute|jinja", re.I
)
SECRET = written.VAULT


class Wrong(t.NamedTuple):
    """A wrong inventory.

    Attributes:
        changes: the variables by name; None leaves one out.
        variable: the variable that is refused, with the path inside it.
        found: what was found, a regular expression.
        executions: how often the server is asked.
        place: where it was set, empty for its line in the file.
    """

    changes: dict[str, t.Any]
    variable: str
    found: str
    executions: int = 0
    place: str = ""


def connection(**changes):
    """Return the variables with the connection to the directory changed; None leaves a key out."""
    all_of_them = chain.inventory()["connections"]
    values = all_of_them["ADExport"] | changes
    changed = {key: value for key, value in values.items() if value is not None}
    return {"im_agent_connections": {**all_of_them, "ADExport": changed}}


def pair(**identity_server):
    """Return the variables with the pair of the identity server changed."""
    others = [{"use": "encryption"}, {"use": "server", "alternative_names": [chain.HOST]}]
    return {"im_agent_certificates": [*others, {"use": "identity_server", **identity_server}]}


def account(name, password=SECRET):
    return {"im_agent_identity_username": name, "im_agent_identity_password": password}


def one(name, value, found, executions=0):
    """Return the wrong inventory in which one variable has a value."""
    return Wrong({f"im_agent_{name}": value}, f"im_agent_{name}", found, executions)


def missing(name, found="nothing"):
    return Wrong({f"im_agent_{name}": None}, f"im_agent_{name}", found, place="set nowhere")


PFX = {"source": "pfx", "file": str(chain.FILES.key_pair)}
REVIEWED = {
    "a port that cannot be": one("https_port", 70000, "70000"),
    "the vendor's placeholder": Wrong(
        {"im_agent_openid_clients": {"Job": "<secret>"}}, "im_agent_openid_clients.Job", "a placeholder", 1
    ),
    "Basic without a login": Wrong(
        connection(Login=None, Password=None), "im_agent_connections.ADExport", "AuthType Basic without Login", 1
    ),
    "a misspelt connector": Wrong(
        {"im_agent_connectors": {"ADExport": "activ_directory"}}, "im_agent_connectors.ADExport", "'activ_directory'"
    ),
    "a text for true": Wrong(connection(EnableSSL="yes"), "im_agent_connections.ADExport.EnableSSL", "'yes'", 1),
    "a secret that is a number": Wrong(
        {"im_agent_openid_clients": {"Job": 12345}}, "im_agent_openid_clients.Job", "no secret|a number", 1
    ),
    "a proxy on https": one("https_proxy", "https://proxy.contoso.com", "an https:// proxy"),
    "a short fingerprint key": one("fingerprint_key", "short", "5 characters"),
    "a PFX that is not there": Wrong(
        pair(source="pfx", file="files/nowhere.pfx", password=SECRET),
        "im_agent_certificates",
        "cannot read files/nowhere",
    ),
    "a wrong password of a PFX": Wrong(
        pair(**PFX, password="canary-on-42"), "im_agent_certificates", "the password is wrong", 1
    ),
    "a key that is too short": Wrong(pair(key_size=1024), "im_agent_certificates", "'?1024"),
    "a pool's name that IIS refuses": one("pool_name", "R&D", "R&D"),
    "an option of pairs that is not there": Wrong(
        pair(signature="sha1"), "im_agent_certificates", "the unknown key 'signature'"
    ),
    "a SHA-256 fingerprint": Wrong(pair(source="store", thumbprint="AB" * 32), "im_agent_certificates", "'(AB){32}'"),
    "an account that nobody knows": Wrong(
        account("CONTOSO\\svc"), "im_agent_identity_username", "the server knows no account", 1
    ),
    "an account with a slash": Wrong(account("NORDWIND/svc"), "im_agent_identity_username", "NORDWIND/svc", 1),
    "a system account under IIS": Wrong(
        {"im_agent_identity_username": "NT AUTHORITY\\SYSTEM"}, "im_agent_identity_username", "NT AUTHORITY.SYSTEM"
    ),
    "CyberArk for everything": one("protection", "cyberark", "cyberark for the secrets"),
    "a misspelt variable": one("protecton", "encrypted", "nothing reads"),
    "a misspelt variable that is needed": Wrong(
        {"im_agent_organization": None, "im_agent_orgnization": "Contoso"}, "im_agent_orgnization", "nothing reads"
    ),
    "a hosting that is not there": one("hosting", "windows_service", "'windows_service'"),
    "a misspelt protection": Wrong(
        {"im_agent_protections": {"Connections:ADExport:Password": "encryptd"}},
        "im_agent_protections.Connections:ADExport:Password",
        "'encryptd'",
    ),
    "a misspelt path of a protection": Wrong(
        {"im_agent_protections": {"Conections:ADExport:Password": "encrypted"}},
        "im_agent_protections.Conections:ADExport:Password",
        "no Conections",
    ),
    "a Key Vault without a vault": Wrong(
        {"im_agent_protection": "azure_key_vault"},
        "im_agent_azure_key_vault",
        "no vault",
        place="the default of the role im_agent",
    ),
    "the vendor's runtime version overruled": Wrong(
        {"im_pool_attributes": {"managedRuntimeVersion": "v4.0"}}, "im_pool_attributes.managedRuntimeVersion", "'v4.0'"
    ),
    "a system account as a service": Wrong(
        {"im_agent_hosting": "service", "im_agent_identity_username": "NT AUTHORITY\\SYSTEM"},
        "im_agent_identity_username",
        "far more than the agent needs",
    ),
    "a misspelt folder": one("folders", {"Works": "D:\\Work"}, "'Works'"),
    "a working directory on a share": one("working_directory", "\\\\files\\im", "a share"),
    "an organisation that no folder can have": Wrong(
        {"im_agent_organization": "Nord/Wind", "im_agent_working_directory": None},
        "im_agent_working_directory",
        "identitymanagerNord/Wind",
        place="the default of the role im_agent",
    ),
    "no identifier": missing("identifier"),
    "a negative number": one("backup_count", -1, "-1"),
    "no name that a proxy could skip": Wrong(
        {"im_agent_https_proxy": "http://p.contoso.com:8080", "im_agent_no_proxy": [""]},
        "im_agent_no_proxy",
        "else than",
    ),
    "a bundle's version of one number": one("hosting_bundle_version", "10", "'10'"),
}
KINDS = {
    **{f"no {name}": missing(name) for name in ("organization", "host_name", "server_url", "openid_clients")},
    **{f"no {name}": missing(name) for name in ("archive_source", "hosting_bundle_source")},
    **{f"no {name}": missing(name) for name in ("archive_checksum", "hosting_bundle_checksum")},
    **{f"a text for {name}": one(name, "nonsense", "a text") for name in ("folders", "connections", "settings")},
    **{f"a text for {name}": one(name, "{broken", "a text") for name in ("agent_settings", "connectors", "cyberark")},
    **{f"a list for {name}": one(name, ["x"], "a list") for name in ("folders", "connections", "openid_clients")},
    **{f"a dictionary for {name}": one(name, {"a": 1}, "a dictionary") for name in ("organization", "identifier")},
    **{f"a dictionary for {name}": one(name, {"a": 1}, "a dictionary") for name in ("site_name", "server_url")},
    **{
        f"a dictionary for the list {name}": one(name, {"a": 1}, "a dictionary")
        for name in ("certificates", "no_proxy")
    },
    **{f"words for {name}": one(name, "some", "'some'") for name in ("https_port", "renew_days", "verify_timeout")},
    **{
        f"words for {name}": one(name, "perhaps", "'perhaps'")
        for name in ("strict", "reverse_proxy", "remove_former_pairs")
    },
    **{
        f"no choice of {name}": one(name, "never ever", "'never ever'")
        for name in ("restart", "reboot", "renew", "refuse")
    },
    **{f"no choice of {name}": one(name, "plane", "'plane'") for name in ("protection", "secret_policy")},
    "a role's own variable of a wrong type": Wrong({"im_pool_attributes": "fast"}, "im_pool_attributes", "a text"),
    "a role's own variable, misspelt": Wrong({"im_pool_atributes": {}}, "im_pool_atributes", "nothing reads"),
    "a role's own port": Wrong({"im_verify_port": 99999}, "im_verify_port", "99999"),
    "a start mode": one("service_start_mode", "someday", "'someday'"),
}
VALUES = {
    "a server on http": one("server_url", "http://im.contoso.com", "'http://im.contoso.com'"),
    "a server with a slash": one("server_url", "https://im.contoso.com/", "ends in '/'"),
    "a server with a user": one("server_url", "https://u:canary-on-42@im.contoso.com", "an address with user"),
    "a host in capitals": one("host_name", "Agent.contoso.com", "'Agent.contoso.com'"),
    "a host with a scheme": one("host_name", "https://a.contoso.com", "'https://a.contoso.com'"),
    "the server's own identifier": one("identifier", "local", "'local'"),
    "a client without a secret": Wrong(
        {"im_agent_openid_clients": {"Job": ""}}, "im_agent_openid_clients.Job", "no secret"
    ),
    "a client that is not listed": one("default_openid_client", "Jobs", "'Jobs'"),
    "a connection that is a text": Wrong(
        {"im_agent_connections": {"ADExport": "x"}}, "im_agent_connections.ADExport", "no dictionary"
    ),
    "a connection without its secret": Wrong(
        connection(Password=""), "im_agent_connections.ADExport.Password", "no secret"
    ),
    "a relative archive": one("archive_source", "a.zip", "'a.zip'"),
    "an archive by ftp": one("archive_source", "ftp://files/a.zip", "'ftp://files/a.zip'"),
    "a short checksum": one("archive_checksum", "1234", "something else"),
    "a relative bundle": one("hosting_bundle_source", "b.exe", "'b.exe'"),
    "a bundle's version in words": one("hosting_bundle_version", "eight", "'eight'"),
    "a relative working directory": one("working_directory", "im", "'im'"),
    "a working directory with slashes": one("working_directory", "C:/im", "'C:/im'"),
    "a reserved name": one("working_directory", "C:\\NUL", "NUL"),
    "a relative folder": Wrong({"im_agent_folders": {"Temp": "temp"}}, "im_agent_folders.Temp", "'temp'"),
    "a password for nobody": Wrong({"im_agent_identity_password": SECRET}, "im_agent_identity_username", "nothing"),
    "an account without a password": Wrong(account("CONTOSO\\svc", ""), "im_agent_identity_password", "nothing"),
    "a gMSA with a password": Wrong(account("CONTOSO\\svc$"), "im_agent_identity_password", "a password|one"),
    "a use that is not there": Wrong(
        {"im_agent_certificates": [*pair()["im_agent_certificates"], {"use": "enc"}]},
        "im_agent_certificates, entry 4",
        "use 'enc'",
    ),
    "a use twice": Wrong(
        {"im_agent_certificates": [*pair()["im_agent_certificates"], {"use": "server"}]},
        "im_agent_certificates, entry 4",
        "use 'server' again",
    ),
    "a pair that is a text": Wrong(
        {"im_agent_certificates": ["server"]}, "im_agent_certificates, entry 1", "no dictionary"
    ),
    "a pair from the store without a name": Wrong(
        pair(source="store"), "im_agent_certificates", "neither thumbprint nor subject"
    ),
    "a service without addresses": Wrong(
        {"im_agent_hosting": "service", "im_agent_service_urls": []}, "im_agent_service_urls", "no list"
    ),
    "a service's name with a slash": Wrong(
        {"im_agent_hosting": "service", "im_agent_service_name": "a/b"}, "im_agent_service_name", "'a/b'"
    ),
    "a service's address": Wrong(
        {"im_agent_hosting": "service", "im_agent_service_urls": ["ftp://x"]},
        "im_agent_service_urls, entry 1",
        "'ftp://x'",
    ),
    "a drive that is not there": one("working_directory", "E:\\im", "no drive E:", 1),
    "a folder's drive that is not there": one("folders", {"Work": "E:\\Work"}, "no drive E:", 1),
    "a key pair's drive that is not there": Wrong(
        pair(place="file", path="E:\\pairs\\i.pfx", file_password=SECRET), "im_agent_certificates", "no drive E:", 1
    ),
    "a key pair's share that is not there": Wrong(
        pair(place="file", path="\\\\files\\pairs\\i.pfx", file_password=SECRET),
        "im_agent_certificates",
        r"no share \\\\files\\pairs",
        1,
    ),
    "an archive that is not there": one("archive_source", "D:\\nowhere\\a.zip", "no file D:", 1),
    "a bundle that is not there": one("hosting_bundle_source", "D:\\nowhere\\b.exe", "no file D:", 1),
    "a certificate that is not there": Wrong(
        pair(source="store", thumbprint="AB" * 20), "im_agent_certificates", "(AB){20}", 1
    ),
    "a template that needs what is not set": Wrong(
        connection(Password="{{ vaulted_typo }}"), "im_agent_connections", "a template that needs vaulted_typo"
    ),
    "a template that ends too soon": one("identifier", "{{ vaulted", "a template"),
    "a template of a key that is not there": one(
        "identifier", "{{ im_agent_connections.Nothing.Server }}", "a template"
    ),
    "a template of the wrong type": one("identifier", "{{ 1 + 'a' }}", "a template"),
}
VALUES |= {
    "CyberArk for what it cannot hold": Wrong(
        {"im_agent_protections": {"OpenId:OpenIdClients:Job": "cyberark"}},
        "im_agent_protections",
        "cyberark for the secrets of the OpenID clients Job",
    ),
    "a site's name that IIS refuses": one("site_name", "Agents/Paris", "'Agents/Paris' with /"),
    "a misspelt connection of a protection": Wrong(
        {"im_agent_protections": {"Connections:ADExprt:Password": "encrypted"}},
        "im_agent_protections.Connections:ADExprt:Password",
        "no ADExprt",
    ),
    "a misspelt key of a protection": Wrong(
        {"im_agent_protections": {"connections:adexport:Pasword": "encrypted"}},
        "im_agent_protections.connections:adexport:Pasword",
        "no Pasword",
    ),
    "a misspelt path that may stay plain": Wrong(
        {"im_agent_plain_accepted": ["Logging", "IdentityServer:X509KeyFilePasword"]},
        "im_agent_plain_accepted, entry 2",
        "no X509KeyFilePasword",
    ),
    "a misspelt path to show": Wrong({"im_agent_show": ["Serilg:WriteTo"]}, "im_agent_show, entry 1", "no Serilg"),
    "a passphrase that is too long": one("certificates_passphrase", "x" * 1050, "1050 bytes"),
}
ALL = REVIEWED | KINDS | VALUES


@functools.cache
def server():
    """Return the server that all are refused on, and its state."""
    found = chain.server()
    return found, json.dumps(found.machine.dump(), sort_keys=True)


def first_task(variables):
    return install_playbook.run(server()[0], variables, check=False, only_first=True)[0].result


def check(wrong, folder, variables):
    """Check that an inventory is refused as it should be."""
    machine, before = server()
    result = first_task(variables)
    told = json.dumps(result, default=str)
    assert result.get("failed"), told
    assert machine.executions == wrong.executions
    assert json.dumps(machine.machine.dump(), sort_keys=True) == before
    assert re.match(r"paris\.contoso\.com: the (plan|inventory) is refused, nothing was written\. ", result["msg"])
    named = [refusal for refusal in result["refusals"] if refusal["variable"] == wrong.variable]
    assert named, told
    place = wrong.place or f"{written.FILE}:{written.line_of(folder, re.split('[.,]', wrong.variable)[0])}"
    assert named[0]["place"] == place
    assert re.search(wrong.found, named[0]["found"]), named
    for refusal in result["refusals"]:
        assert f"{refusal['variable']} ({refusal['place']}): {refusal['text']}" in result["msg"]
        assert all(refusal[part] for part in ("variable", "place", "found", "wanted", "remedy")), refusal
        assert refusal["found"] in refusal["text"] and refusal["wanted"] in refusal["text"]
    assert not WORDS.search(told), told
    assert not [text for text in written.CANARIES if text in told]


@pytest.mark.parametrize("name", ALL)
def test_a_wrong_inventory_is_refused_by_the_first_task(name, tmp_path):
    check(ALL[name], tmp_path, written.write(tmp_path, ALL[name].changes))


@pytest.mark.parametrize(
    "name", ["a port that cannot be", "a misspelt variable", "Basic without a login", "a server with a user"]
)
def test_what_the_command_line_set_is_told_as_that(name, tmp_path):
    wrong = ALL[name]
    given = written.write(tmp_path, {})
    given |= {key: written.extra(value) for key, value in wrong.changes.items()}
    given["own_extra"] = written.extra("canary-extra-44")
    check(wrong._replace(place="the option -e"), tmp_path, given)


def test_a_wrong_password_of_an_account_is_what_no_plan_can_know(tmp_path):
    """Windows checks a password only when somebody logs on with it, and failed attempts lock accounts out."""
    machine = chain.server({"accounts": [{"name": "CONTOSO\\svc", "password": "demo-only-right"}]})
    variables = written.write(tmp_path, account("CONTOSO\\svc", "demo-only-wrong"))
    result = install_playbook.run(machine, variables, only_first=True)[0].result
    assert not result.get("failed") and result["plan"]


UNRECOGNISED = {
    "a key for its singular": (connection(Servers=None, Server="paris"), "the nearest is active_directory"),
    "a misspelt key": (
        {"im_agent_connections": {"Okta": {"Server": "x", "ApiKy": "y"}}},
        "ApiKy is near to its ApiKey",
    ),
    "a misspelt only key": (
        {"im_agent_connections": {"Hr": {"ConectionString": "x"}}},
        "the nearest is sql (page sql); which lacks ConnectionString",
    ),
}


@pytest.mark.parametrize("name", UNRECOGNISED)
def test_a_connection_that_no_connector_recognises_is_warned_of_with_what_the_nearest_needs(name, tmp_path):
    changes, told = UNRECOGNISED[name]
    result = install_playbook.run(chain.server(), written.write(tmp_path, changes), only_first=True)[0].result
    assert not result.get("failed"), result["msg"]
    found = [text for text in result["warnings"] if "connector-unrecognised" in text]
    assert len(found) == 1 and told in found[0] and "im_agent_connectors" in found[0], result["warnings"]


def test_the_table_is_long_enough():
    assert len(ALL) >= 80
