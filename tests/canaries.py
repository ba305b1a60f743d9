"""A secret for each place where one may stand: in an inventory, in files that a server has already, in ansible-vault.

Each is a text of its own that begins with ``canary``, so that a leak names its place; numbers begin with 90210.
"""

from __future__ import annotations

import base64
import functools
import re
import typing as t

Path = tuple[str, ...]
ROUNDS = ("old", "new")
"""The secrets before and after a rotation."""
NUMBER = "90210"
_CONNECTIONS: tuple[str, ...] = (
    *("Ldap.Password", "Sap.Password", "Sql.ConnectionString", "Graph.ApplicationKey", "Web.Inner.ClientSecret"),
    *("Web.Inner.OAuthToken", "Web.Inner.ApiKey", "Web.Inner.BearerToken", "Ase.Inner.AsePassword"),
    *("Ase.Inner.BapiPassword", "Misspelt.Pasword"),
    *("Misspelt.ConectionString", "Misspelt.ApiKy", "Misspelt.Unknown", "Misspelt.Deep.Er", "Misspelt.List.0"),
    *("Case.PASSWORD", "Case.client_secret", "Case.X-Api-Key", "Script.Options.Pwd", "Script.Options.ApiToken"),
    *("Script.Options.Any", "Script.Options.Deep.Er", "Script.Options.List.0", "Script.Options.List.1.Key"),
)
_GENERAL: tuple[str, ...] = (
    *("License", "ApplicationInsights.InstrumentationKey", "Kestrel.Certificates.Default.Password"),
    *("Kestrel.Endpoints.Http.Certificate.Password", "Serilog.WriteTo.0.Args.eventCollectorToken"),
    *("Serilog.WriteTo.0.Args.headers", "Serilog.WriteTo.0.Args.path", "Serilog.Properties.Application"),
    *("ConnectionStrings.Main", "ConnectionStrings.List.0", "Logging.Any", "AllowedHosts", "Anything", "Some.Deep.Key"),
    *("Some.List.0", "Smtp.Pwd", "client_secret", "Tokn", "Some:Colon:Key", "ConnectionStrings:Colon"),
)
_AGENT: tuple[str, ...] = (
    *("OpenId:OpenIdClients:Colon", "Connections:Colon:ApiKey", "Connections:Colon:Server", "Databases:Colon"),
    *("OpenId.OpenIdClient.Misspelt", "Databases.Free", "Free.Password", "Free.Words", "Free.List.0.Secret"),
)
PLACES: dict[str, Path] = {
    **{f"connections.{path}": ("im_agent_connections", *path.split(".")) for path in _CONNECTIONS},
    **{f"settings.{path}": ("im_agent_settings", *path.split(".")) for path in _GENERAL},
    **{f"agent_settings.{path}": ("im_agent_agent_settings", *path.split(".")) for path in _AGENT},
    "client": ("im_agent_openid_clients", "Job"),
    "other client": ("im_agent_openid_clients", "Admin"),
    "database": ("im_settings_databases", "Main"),
    "mail": ("im_settings_mail", "Password"),
    "fingerprint key": ("im_agent_fingerprint_key",),
    "environment": ("im_agent_environment", "ANYTHING"),
    "environment of a connection": ("im_agent_environment", "Connections__Ldap__Password"),
}
FORMS: dict[str, tuple[Path, str]] = {
    "in a connection string": (("im_agent_connections", "Form", "Server"), "Server=x;Pwd={}"),
    "in an address": (("im_agent_connections", "Form", "Url"), "https://svc:{}@api.contoso.com/v1"),
    "in an address alone": (("im_agent_connections", "Form", "BaseUrl"), "https://{}@api.contoso.com/v1"),
    "in a signature": (("im_agent_connections", "Form", "Path"), "https://x.contoso.com/a?sv=1&sig={}"),
    "in a header": (("im_agent_connections", "Form", "Filter"), "Authorization: Bearer {}"),
    "in a path": (("im_agent_settings", "LogsPath"), "C:\\Logs\\token={}"),
    "in the proxy": (("im_settings_https_proxy",), "http://svc:{}@proxy.contoso.com:3128"),
    "in the proxy of downloads": (("im_prerequisites_https_proxy",), "http://svc:{}@proxy.contoso.com:3128"),
}
"""Places that are harmless, with texts that are not."""
NUMBERS: dict[str, Path] = {
    "a number": ("im_agent_connections", "Ldap2", "Password"),
    "a number below free keys": ("im_agent_connections", "Script", "Options", "Pin"),
    "a number in a list": ("im_agent_settings", "Numbers", "0"),
}
VAULTED: dict[str, tuple[Path, str]] = {
    "inline": (("im_agent_connections", "Vault", "Server"), "{{ vault_inline }}"),
    "inline in a list": (("im_agent_connections", "VaultAd", "Servers", "0", "Server"), "{{ vault_inline_list }}"),
    "inline, concatenated": (("im_agent_connections", "Vault", "Login"), "x-{{ vault_inline_joined }}-x"),
    "inline proxy": (("im_settings_no_proxy", "0"), "{{ vault_inline_proxy }}"),
    "file": (("im_agent_connections", "Vault", "Filter"), "{{ vault_file }}"),
    "file, in a list": (("im_agent_connections", "VaultAd", "Servers", "1", "Server"), "{{ vault_file_list }}"),
    "file, concatenated": (("im_agent_connections", "Vault", "BaseDN"), "DC={{ vault_file_joined }},DC=com"),
}
"""Harmless places with values of ansible-vault; those whose name begins with ``file`` are in an encrypted file."""
_FOUND = {
    "appsettings.json": '{{"Other": {{"Word": "{a}"}}, "ConnectionStrings": {{"Gone": "{b}"}}}}',
    "appsettings.agent.json": '{{"Connections": {{"Gone": {{"Password": "{a}", "Server": "pwd={b}"}}}}}}',
    "appsettings.Production.json": '{{"Serilog": {{"WriteTo": [{{"Args": {{"token": "{a}"}}}}]}}, "X": "{b}"}}',
    "appsettings.agent.Production.json": '{{"Connections": {{"Ldap": {{"Password": "{a}"}}}}, "X:Y": "{b}"}}',
    "web.config": (
        "<configuration><system.webServer><!-- {a} -->"
        '<aspNetCore processPath="dotnet" arguments="A.dll --key={a}"><environmentVariables>'
        '<environmentVariable name="Connections__Ldap__Password" value="{b}" />'
        '<environmentVariable name="HTTPS_PROXY" value="http://svc:{c}@proxy:3128" />'
        '<environmentVariable name="ANY" value="{d}" /></environmentVariables></aspNetCore></system.webServer>'
        '<appSettings><add key="Any" value="{e}" /></appSettings></configuration>'
    ),
}


def found_files() -> dict[str, str]:
    """Return files of Runtime as somebody else left them, by name, each with secrets."""
    files = {}
    for name, text in _FOUND.items():
        secrets = {letter: secret(f"found {name} {letter}") for letter in "abcde"}
        files[name] = text.format(**secrets)
    return files


def count() -> int:
    """Return the number of places."""
    found = sum(len(re.findall(r"(?<!\{)\{[a-e]\}", text)) for text in _FOUND.values())
    return len(PLACES) + len(FORMS) + len(NUMBERS) + len(VAULTED) + found


def secret(place: str, turn: str = "old") -> str:
    """Return the secret of a place, before or after its rotation."""
    return f"canary-{re.sub('[^A-Za-z0-9]+', '-', place).lower()}-{turn}"


def vault(turn: str, *, inline: bool) -> dict[str, str]:
    """Return the variables that ansible-vault encrypts: those encrypted one by one, or those of a whole file."""
    found = {}
    for place, (_path, template) in VAULTED.items():
        if place.startswith("inline") == inline:
            name = re.search(r"vault_\w+", template)
            assert name
            found[name[0]] = secret(place, turn)
    return found


def inventory(turn: str, connections: t.Mapping[str, t.Any] | None = None) -> dict[str, t.Any]:
    """Return variables with all secrets, and what has to be beside them.

    Args:
        turn: which secrets, of ``ROUNDS``.
        connections: further ones.
    """
    domain_controllers = {"Servers": [{"BaseDN": "DC=a"}, {"BaseDN": "DC=b"}]}
    beside = {
        "im_agent_connections": {**(connections or {}), "VaultAd": domain_controllers},
        "im_agent_settings": {"Serilog": {"WriteTo": [{"Name": "EventCollector"}]}},
        "im_settings_mail": {"Host": "mail.contoso.com", "FromAddress": "a@contoso.com", "Username": "u"},
    }
    return _placed(beside, turn)


def _placed(variables: dict[str, t.Any], turn: str) -> dict[str, t.Any]:
    for place, path in PLACES.items():
        _put(variables, path, secret(place, turn))
    for number, path in enumerate(NUMBERS.values()):
        _put(variables, path, int(f"{NUMBER}{number}{ROUNDS.index(turn)}"))
    for place, (path, form) in FORMS.items():
        _put(variables, path, form.format(secret(place, turn)))
    for path, template in VAULTED.values():
        _put(variables, path, template)
    return variables


@functools.cache
def _encoded() -> re.Pattern[str]:
    """Return what finds a secret that somebody encoded: base64 at each of its three offsets, or hexadecimal."""
    forms = set()
    for encoding in ("utf-8", "utf-16-le"):
        word = "canary".encode(encoding)
        forms |= {word.hex(), word.hex().upper()}
        for before in range(3):
            encoded = base64.b64encode(b"\0" * before + word).decode()
            # The first and last letters depend on what stands around the word.
            forms.add(encoded[(before * 8 + 5) // 6 : (before + len(word)) * 8 // 6])
    return re.compile(rf"(?:{'|'.join(map(re.escape, sorted(forms)))})[\w+/=]*")


def seen(*texts: str) -> list[str]:
    """Return the secrets that stand in texts, as they are or encoded."""
    plain = re.compile(rf"(?i)canary[\w-]*|{NUMBER}\d\d")
    return sorted({found[0] for text in texts for form in (plain, _encoded()) for found in form.finditer(text)})


def _put(variables: dict[str, t.Any], path: Path, value: t.Any) -> None:
    inside: t.Any = variables
    for key, following in zip(path, (*path[1:], ""), strict=True):
        new: t.Any = value if not following else [] if following.isdigit() else {}
        if isinstance(inside, list):
            if int(key) == len(inside):
                inside.append(new)
            inside = inside[int(key)]
        elif not following:
            inside[key] = value
        else:
            inside = inside.setdefault(key, new)
