"""The emulated Identity Manager server: it answers as the vendor's pages on its API say, and nobody without a token."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest
from emulator.windows.network import squery
from emulator.windows.network.identity_server import TOKEN, IdentityServer
from emulator.windows.network.network import HttpRequest

HOST = "identitymanager.contoso.com"
FORM = {
    "grant_type": "client_credentials",
    "client_id": f"Job@{HOST}",
    "client_secret": "s",
    "scope": "usercube_api",
}
TYPES = [
    {"Id": "45", "Identifier": "A", "DisplayName_L1": "x"},
    {"Id": "46", "Identifier": "B", "DisplayName_L1": "z", "Parent": {"Id": "45", "Identifier": "A"}},
    {"Id": "47", "Identifier": "C", "DisplayName_L1": "y", "Parent": None},
]


def asked(path, about=None, *, method="GET", body="", token=TOKEN):
    server = IdentityServer(**{"url": f"https://{HOST}", "clients": {"Job": "s"}, **(about or {})})
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = server.respond(
        HttpRequest(HOST, 443, True, HOST, HOST, method=method, path=path, headers=headers, body=body.encode())
    )
    return answer.status, json.loads(answer.body or b"{}")


@pytest.mark.parametrize(
    ("changes", "about", "error"),
    [
        ({}, {}, None),
        ({"client_id": "Job"}, {}, "invalid_client"),
        ({"client_id": "Job@other.contoso.com"}, {}, "invalid_client"),
        ({"client_id": f"Other@{HOST}"}, {}, "invalid_client"),
        ({"client_secret": "t"}, {}, "invalid_client"),
        ({"client_secret": ""}, {}, "invalid_client"),
        ({}, {"expired": "Job"}, "invalid_client"),
        ({"scope": ""}, {}, "invalid_scope"),
        ({"grant_type": "password"}, {}, "unsupported_grant_type"),
    ],
)
def test_a_token_is_for_a_known_client_that_asks_as_it_is_documented(changes, about, error):
    status, told = asked("/connect/token", about, method="POST", body=urlencode(FORM | changes))
    assert (status, told.get("error"), told.get("access_token")) == (
        (400, error, None) if error else (200, None, TOKEN)
    )


def test_the_discovery_names_the_endpoint_for_tokens_to_anybody():
    status, told = asked("/.well-known/openid-configuration", token="")
    assert (status, told["token_endpoint"]) == (200, f"https://{HOST}/connect/token")


@pytest.mark.parametrize("route", ["/api/Connectors/Agent", "/api/Job/JobInstance"])
def test_the_api_is_for_clients_with_a_token_that_name_its_version(route):
    assert asked(f"{route}?api-version=1.0", token="")[0] == 401
    assert asked(f"{route}?api-version=1.0", token="other")[0] == 401
    assert asked(route)[0] == 400
    assert asked(f"{route}?api-version=1.0", {"forbidden": True})[0] == 403
    assert asked(f"{route}?api-version=1.0&squery=wher")[0] == 400
    assert asked(f"{route}?api-version=1.0") == (200, {"Result": []})


def test_an_agent_is_found_by_its_identifier():
    about = {"agents": {"Paris": {"State": 2, "URI": "https://agent-paris.contoso.com"}, "Lyon": {"State": 1}}}
    path = '/api/Connectors/Agent?api-version=1.0&squery=select State where Identifier = "Paris"'
    assert asked(path.replace(" ", "%20"), about) == (200, {"Result": [{"Id": "0", "State": 2}]})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", [{"Id": "45"}, {"Id": "46"}, {"Id": "47"}]),
        ("order  by DisplayName_L1 desc", [{"Id": "46"}, {"Id": "47"}, {"Id": "45"}]),
        ("join Parent p PageSize 1 select Id,p.Identifier", [{"Id": "45"}]),
        (
            'join Parent p select Id, p.Identifier where p.Identifier = "A"',
            [{"Id": "46", "Parent": {"Identifier": "A"}}],
        ),
        ('where (Identifier = "A" or Identifier = "C")', [{"Id": "45"}, {"Id": "47"}]),
        ('where (Identifier != "A" and Parent = null)', [{"Id": "47"}]),
        ('where Identifier %= "B"', [{"Id": "46"}]),
    ],
)
def test_a_query_finds_what_the_vendor_s_grammar_says(text, found):
    assert squery.answer(text, TYPES) == found


@pytest.mark.parametrize(
    "text",
    [
        "select",
        "where",
        "select p.Id",
        "where Identifier",
        'where Identifier "A"',
        'where (Identifier = "A" and Identifier = "B" or Identifier = "C")',
        'where (Identifier = "A"',
        'where Identifier = "A" select Id',
        "order by Id",
        "order Id asc",
        "Id",
        "§",
    ],
)
def test_what_is_no_query_is_refused(text):
    with pytest.raises(squery.BadQuery):
        squery.answer(text, TYPES)
