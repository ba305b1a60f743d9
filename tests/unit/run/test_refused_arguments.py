"""Arguments that cannot be right are refused by name, before the server is asked to change anything."""

from __future__ import annotations

import json
import re

import chain
import pytest

IM, RUNTIME = "C:\\im", "C:\\im\\Runtime"
SHA = "0" * 64
HTTPS = {"protocol": "https", "host_name": "a.contoso.com", "certificate_thumbprint": "A" * 40}
DIRECTORY = {"path": IM, "archive": {"source": "C:\\a.zip", "checksum": SHA}}
SITE = {"name": "S", "path": RUNTIME, "pool": "P", "bindings": [HTTPS]}
RIGHTS = {"working_directory": IM, "identity": {"pool": "P"}}
BUNDLE = {"source": "C:\\b.exe", "checksum": SHA, "version": "8.0"}
PAIR = {"use": "encryption"}
PAIRS = {"identity": {"pool": "P"}, "settings_path": RUNTIME}
WARM = {"path": RUNTIME}
SETTINGS = {"path": RUNTIME, "server_url": "https://im.contoso.com"}

CASES = [
    ("win_im_working_directory", DIRECTORY | {"path": "im"}, "working directory: found 'im'.*it is relative"),
    ("win_im_working_directory", DIRECTORY | {"path": ""}, "it is empty"),
    ("win_im_working_directory", DIRECTORY | {"path": "C:/im"}, "forward slashes"),
    ("win_im_working_directory", DIRECTORY | {"path": "C:\\im\\..\\x"}, "has . or .. in it"),
    ("win_im_working_directory", DIRECTORY | {"path": "\\\\server\\share\\.\\x"}, "has . or .. in it"),
    ("win_im_working_directory", DIRECTORY | {"path": "C:\\a|b"}, "a character that Windows does not allow"),
    ("win_im_working_directory", DIRECTORY | {"path": "C:\\NUL"}, "'NUL' is a reserved name"),
    ("win_im_working_directory", DIRECTORY | {"path": "C:\\im \\x"}, "ends with a dot or a space"),
    ("win_im_working_directory", DIRECTORY | {"folders": {"Tmp": "D:\\x"}}, "folders: found 'Tmp', wanted one of"),
    ("win_im_working_directory", DIRECTORY | {"folders": {"Temp": "x"}}, "folders: Temp: found 'x'"),
    (
        "win_im_working_directory",
        {**DIRECTORY, "archive": {"source": "C:\\a.zip", "checksum": "1234"}},
        "archive.checksum: wanted the SHA-256",
    ),
    (
        "win_im_working_directory",
        {**DIRECTORY, "archive": {"source": "ftp://files/a.zip", "checksum": SHA}},
        "archive.source: found 'ftp://files/a.zip', wanted a URL or an absolute Windows path",
    ),
    ("win_im_prerequisites", {"hosting_bundle": {**BUNDLE, "version": "eight"}}, "hosting_bundle.version: found"),
    ("win_im_prerequisites", {"hosting_bundle": {**BUNDLE, "checksum": ""}}, "hosting_bundle.checksum: wanted"),
    ("win_im_site", SITE | {"name": "R&D"}, "name: found 'R&D' with &, wanted a name of a site that IIS takes"),
    ("win_im_apppool", {"name": "x[1]"}, r"name: found 'x\[1\]' with \[\], wanted a name of an application pool"),
    ("win_im_apppool", {"name": "x" * 65}, "with 65 characters, wanted 1 to 64"),
    ("win_im_site", SITE | {"path": "x"}, "path: found 'x', wanted an absolute Windows path"),
    ("win_im_site", {k: v for k, v in SITE.items() if k != "pool"}, "pool: found nothing"),
    ("win_im_site", SITE | {"bindings": []}, "bindings: found none"),
    ("win_im_site", SITE | {"bindings": [HTTPS, HTTPS]}, "the same address, port and host name twice"),
    ("win_im_site", SITE | {"bindings": [{**HTTPS, "protocol": "http"}]}, "entry 1: found a certificate for http"),
    ("win_im_permissions", RIGHTS | {"rights": {"Tmp": "Modify"}}, "rights: found 'Tmp', wanted one of"),
    ("win_im_permissions", RIGHTS | {"rights": {"Temp": "Own"}}, "rights: Temp: found 'Own', wanted one of"),
    ("win_im_cert_pair", PAIRS | {"pairs": [PAIR, dict(PAIR)]}, "found use encryption twice"),
    (
        "win_im_cert_pair",
        PAIRS | {"pairs": [{**PAIR, "thumbprint": "12"}]},
        "thumbprint: found '12', wanted the 40 hex",
    ),
    ("win_im_cert_pair", PAIRS | {"pairs": [{**PAIR, "content": "AAAA"}]}, "wanted them with source pfx only"),
    (
        "win_im_cert_pair",
        PAIRS | {"pairs": [{"use": "encryption", "source": "store"}]},
        "found neither thumbprint nor subject",
    ),
    (
        "win_im_cert_pair",
        PAIRS | {"pairs": [{"use": "server", "place": "file", "path": "C:\\x.pfx", "file_password": "x"}]},
        "place: found 'file', wanted 'store': HTTP.sys",
    ),
    ("win_im_web_config", WARM | {"path": "Runtime"}, "path: found 'Runtime', wanted the Runtime folder"),
    ("win_im_agent_settings", SETTINGS | {"path": "Runtime"}, "path: found 'Runtime', wanted the Runtime folder"),
    ("win_im_agent_settings", SETTINGS | {"connectors": {"A": "Telepathy"}}, "connectors: A: found 'Telepathy'"),
    ("win_im_agent_settings", SETTINGS | {"absent": [""]}, "absent: found '', wanted keys joined with colons"),
    (
        "win_im_agent_settings",
        SETTINGS | {"https_certificate": {"thumbprint": "A" * 40}},
        "https_certificate: found no subject with a CN",
    ),
]


@pytest.fixture(scope="module")
def server():
    return chain.server({"features": ["Web-Server"], "packages": [{"version": "8.0.22"}]})


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(("module", "arguments", "message"), CASES, ids=lambda value: str(value)[:60])
def test_it_is_refused_by_name_and_nothing_is_written(server, module, arguments, message, check):
    before = json.dumps(server.machine.dump(), sort_keys=True)
    server.new_run()
    result = server.run(module, arguments, check=check)
    assert result["failed"], result
    assert server.executions == 0, "the server was asked"
    assert json.dumps(server.machine.dump(), sort_keys=True) == before

    assert re.search(message, result["msg"]), result["msg"]
