"""Every kind of question, on states that a script lays down, with what must be answered."""

from __future__ import annotations

import base64
import typing as t

import reach_cases
from mail_server import MailServers
from probe_case import Case, Query, error, fits, value
from sql_server import SqlServers
from web_server import WebServer

FOLDER = "C:\\rig probe"
KEY = "HKLM:\\SOFTWARE\\Rig probe"
PROGRAMS = "C:\\Windows\\System32"

LAY = r"""
$f = 'C:\rig probe'
$log = [AppDomain]::CurrentDomain.GetData('log')
if ($log) { $log.Dispose() }
if ([IO.Directory]::Exists($f)) { [IO.Directory]::Delete($f, $true) }
$null = [IO.Directory]::CreateDirectory("$f\sub\deep")
$null = [IO.Directory]::CreateDirectory("$f\empty")
[IO.File]::WriteAllText("$f\a.txt", 'hello')
[IO.File]::WriteAllBytes("$f\empty.bin", [byte[]] @())
[IO.File]::WriteAllText("$f\sub\B.json", '{}')
[IO.File]::WriteAllText("$f\sub\deep\c.json", '{}')
[IO.File]::Copy("$env:windir\system32\kernel32.dll", "$f\versioned.dll")
[IO.File]::WriteAllText("$f\plain.dll", 'no program')
$log = [IO.FileStream]::new("$f\log.txt", 'Create', 'Write', 'Read')
$log.Write([byte[]] (104, 105), 0, 2); $log.Flush()
[AppDomain]::CurrentDomain.SetData('log', $log)
$k = [Microsoft.Win32.Registry]::LocalMachine.CreateSubKey('SOFTWARE\Rig probe')
$k.SetValue('Text', 'x'); $k.SetValue('', 'default'); $k.SetValue('Expand', '%TEMP%\x', 'ExpandString')
$k.SetValue('Number', -1, 'DWord'); $k.SetValue('Long', [long] -2, 'QWord'); $k.SetValue('Bytes', [byte[]] (0, 255), 'Binary')
$k.SetValue('One', [string[]] @('a'), 'MultiString'); $k.SetValue('Nothing', [string[]] @(), 'MultiString'); $k.SetValue('Raw', [byte[]] (1), 'None')
$null = $k.CreateSubKey('Sub\Z'); $null = $k.CreateSubKey('alpha')
$p = [Microsoft.Win32.Registry]::LocalMachine.CreateSubKey('SOFTWARE\Policies\Microsoft\Windows\PowerShell\ScriptBlockLogging')
$p.SetValue('EnableScriptBlockLogging', 1, 'DWord')
$s = [Microsoft.Win32.Registry]::LocalMachine.CreateSubKey('SYSTEM\CurrentControlSet\Services\EventLog')
$s.SetValue('DelayedAutostart', 1, 'DWord')
"""


def _names(answer: t.Any) -> list[str]:
    return [item["name"] for item in answer]


def cases(web: WebServer, mail: MailServers, sql: SqlServers, pfx: str) -> list[Case]:
    """Return all cases; ``pfx`` is the thumbprint of a certificate with a key in LocalMachine\\CA."""
    return [
        *http(web),
        *reach_cases.cases(web, mail, sql),
        *with_token(web),
        *downloads(web),
        *files(),
        *registry(),
        *certificates(pfx),
        *system(),
        *iis(),
        *bad(),
    ]


def files() -> list[Case]:
    at = FOLDER
    hello = {"type": "file", "size": 5, "sha256": "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"}
    return [
        Case(
            "file",
            {"kind": "file", "path": f"{at}\\A.TXT"},
            fits(lambda v: v.items() >= hello.items() and v["content"] == "aGVsbG8="),
        ),
        Case(
            "file too large",
            {"kind": "file", "path": f"{at}\\a.txt", "max_bytes": 4},
            fits(lambda v: v.items() >= hello.items() and v["content"] is None),
        ),
        Case(
            "file's presence",
            {"kind": "file", "path": f"{at}\\a.txt", "max_bytes": 0},
            fits(lambda v: v["content"] is None and v["size"] == 5),
        ),
        Case(
            "empty file",
            {"kind": "file", "path": f"{at}\\empty.bin", "max_bytes": 0},
            fits(lambda v: v["content"] == "" and v["size"] == 0),
        ),
        Case(
            "folders",
            {"kind": "files", "path": at, "pattern": "s*", "folders": True},
            fits(lambda v: [(e["name"], e["size"], e["tail"]) for e in v] == [("sub", 0, None)]),
        ),
        Case(
            "folders of a drive",
            {"kind": "files", "path": "C:\\", "pattern": "rig p*", "folders": True},
            fits(lambda v: _names(v) == ["rig probe"]),
        ),
        Case("file in use", {"kind": "file", "path": f"{at}\\log.txt"}, fits(lambda v: v["content"] == "aGk=")),
        Case("folder", {"kind": "file", "path": at}, fits(lambda v: v["type"] == "folder" and v["size"] is None)),
        Case("no file", {"kind": "file", "path": f"{at}\\none\\x"}, value(None)),
        Case(
            "files",
            {"kind": "files", "path": at},
            fits(lambda v: _names(v) == ["a.txt", "empty.bin", "log.txt", "plain.dll", "versioned.dll"]),
        ),
        Case(
            "files' versions",
            {"kind": "files", "path": f"{at}\\", "pattern": "*.dll"},
            fits(lambda v: [bool(x["version"]) for x in v] == [False, True]),
        ),
        Case(
            "files below",
            {"kind": "files", "path": at, "pattern": "*.json", "recurse": True},
            fits(lambda v: _names(v) == ["sub\\B.json", "sub\\deep\\c.json"]),
        ),
        Case("files, limited", {"kind": "files", "path": at, "limit": 1}, fits(lambda v: _names(v) == ["a.txt"])),
        Case(
            "the newest file's end",
            {"kind": "files", "path": at, "pattern": "*.txt", "newest": 1, "tail": 1},
            fits(lambda v: [(x["name"], x["tail"]) for x in v] == [("log.txt", "aQ==")]),
        ),
        Case(
            "the newest, sorted by name, their ends longer than they are",
            {"kind": "files", "path": at, "pattern": "*.txt", "newest": 2, "tail": 99},
            fits(lambda v: [(x["name"], x["tail"]) for x in v] == [("a.txt", "aGVsbG8="), ("log.txt", "aGk=")]),
        ),
        Case(
            "files with their rights",
            {"kind": "files", "path": at, "pattern": "*.txt", "rights": True},
            fits(lambda v: [(x["name"], "D:" in x["sddl"]) for x in v] == [("a.txt", True), ("log.txt", True)]),
        ),
        Case(
            "files with their hashes",
            {"kind": "files", "path": at, "pattern": "*.txt", "hashes": True},
            fits(
                lambda v: (
                    [(x["name"], x["sha256"] == hello["sha256"]) for x in v] == [("a.txt", True), ("log.txt", False)]
                )
            ),
        ),
        Case("a drive's room", {"kind": "drive", "path": f"{at}\\none"}, fits(lambda v: 0 < v["free"] <= v["size"])),
        Case("no drive", {"kind": "drive", "path": "Q:\\x"}, value(None)),
        Case("files of an empty folder", {"kind": "files", "path": f"{at}\\empty"}, value([])),
        Case("files of no folder", {"kind": "files", "path": f"{at}\\none"}, value(None)),
        Case(
            "acl",
            {"kind": "acl", "paths": [at, f"{at}\\a.txt", f"{at}\\none"]},
            fits(lambda v: "OICI" in v[0]["sddl"] and v[1]["sddl"].startswith("O:BAD:") and v[2] is None),
        ),
    ]


def registry() -> list[Case]:
    every = {
        "Text": {"type": "String", "data": "x"},
        "": {"type": "String", "data": "default"},
        "Expand": {"type": "ExpandString", "data": "%TEMP%\\x"},
        "Number": {"type": "DWord", "data": 2**32 - 1},
        "Long": {"type": "QWord", "data": 2**64 - 2},
        "Bytes": {"type": "Binary", "data": "AP8="},
        "One": {"type": "MultiString", "data": ["a"]},
        "Nothing": {"type": "MultiString", "data": []},
        "Raw": {"type": "None", "data": "AQ=="},
    }
    leaf = {"values": {}, "keys": [], "children": {}}
    sub = {"values": {}, "keys": ["Z"], "children": {}}
    return [
        Case(
            "registry",
            {"kind": "registry", "key": KEY},
            value({"values": every, "keys": ["alpha", "Sub"], "children": {}}),
        ),
        Case(
            "registry, texts that match",
            {"kind": "registry", "key": KEY, "match": "^X$|temp"},
            value({"values": {n: every[n] for n in ("Text", "Expand")}, "keys": ["alpha", "Sub"], "children": {}}),
        ),
        Case(
            "registry, one level down",
            {"kind": "registry", "key": KEY, "names": ["none"], "depth": 1},
            value({"values": {}, "keys": ["alpha", "Sub"], "children": {"alpha": leaf, "Sub": sub}}),
        ),
        Case(
            "registry, named values",
            {"kind": "registry", "key": KEY, "names": ["text", "none"]},
            fits(lambda v: v["values"] == {"text": every["Text"]}),
        ),
        Case("no key", {"kind": "registry", "key": f"{KEY}\\none"}, value(None)),
        Case("user's hive", {"kind": "registry", "key": "HKCU:\\Software"}, fits(lambda v: v["children"] == {})),
    ]


def certificates(thumbprint: str) -> list[Case]:
    def found(answer: t.Any) -> bool:
        return (
            [c["thumbprint"] for c in answer] == [thumbprint]
            and answer[0]["has_private_key"]
            and "path" in answer[0]["key"]
        )

    return [
        Case(
            "certificate with a key",
            {"kind": "certificates", "store": "CA", "thumbprint": thumbprint.lower()},
            fits(found),
        ),
        Case(
            "certificates",
            {"kind": "certificates", "store": "CA"},
            fits(lambda v: thumbprint in [c["thumbprint"] for c in v]),
        ),
        Case("no certificates", {"kind": "certificates", "store": "Rig probe"}, value([])),
        Case(
            "the machine's own certificates",
            {"kind": "certificates"},
            fits(lambda v: thumbprint not in [c["thumbprint"] for c in v]),
        ),
        Case("no such certificate", {"kind": "certificates", "thumbprint": "00" * 20}, value([])),
        Case(
            "certificate without a key",
            {"kind": "certificates", "store": "Root"},
            fits(lambda v: thumbprint in [c["thumbprint"] for c in v if c["key"] is None]),
        ),
        Case("no store", {"kind": "certificates", "location": "CurrentUser", "store": "None of these"}, value(None)),
    ]


def system() -> list[Case]:
    return [
        Case(
            "service",
            {"kind": "service", "name": "eventlog"},
            fits(lambda v: v["start_mode"] == "delayed" and v["state"] == "Running" and v["account"] == "LocalSystem"),
        ),
        Case(
            "service at rest",
            {"kind": "service", "name": "eventlog", "wait": {"seconds": 1}},
            fits(lambda v: (v["state"], v["reached"], v["waited"]) == ("Running", True, 0)),
        ),
        Case(
            "disabled or manual service",
            {"kind": "service", "name": "MSIServer"},
            fits(lambda v: v["start_mode"] == "manual" and v["state"] == "Stopped" and v["started"] is None),
        ),
        Case("no service", {"kind": "service", "name": "none"}, value(None)),
        Case(
            "environment",
            {"kind": "environment", "names": ["windir", "no such name"]},
            fits(lambda v: v["windir"].lower() == "c:\\windows" and v["no such name"] is None),
        ),
        Case(
            "process environment",
            {"kind": "environment", "names": ["windir"], "scope": "Process"},
            fits(lambda v: v["windir"].lower() == "c:\\windows"),
        ),
        Case(
            "accounts",
            {
                "kind": "account",
                "names": ["S-1-5-18", "BUILTIN\\Users", "no such", ".\\none", "S-1-5-21-1-2-3-4", "S-1-x"],
            },
            fits(lambda v: [x and x["sid"] for x in v] == ["S-1-5-18", "S-1-5-32-545", None, None, None, None]),
        ),
        Case("listeners", {"kind": "listeners"}, fits(lambda v: isinstance(v, list))),
        Case("listeners' owners", {"kind": "listeners", "owners": True}, fits(lambda v: isinstance(v, list))),
        Case(
            "processes of a folder",
            {"kind": "processes", "folder": PROGRAMS, "prefix": "SERVICES"},
            fits(
                lambda v: (
                    [(p["name"], p["path"].lower()) for p in v["processes"]]
                    == [("services", f"{PROGRAMS.lower()}\\services.exe")]
                    and v["processes"][0]["started"]
                    and v["reached"] is False
                )
            ),
        ),
        Case(
            "processes that do not end in time",
            {"kind": "processes", "folder": PROGRAMS, "prefix": "services", "wait": {"seconds": 1}},
            fits(lambda v: v["reached"] is False and v["waited"] >= 1),
        ),
        Case(
            "processes that do not count",
            {"kind": "processes", "folder": PROGRAMS, "prefix": "services", "except": ["Services"]},
            fits(lambda v: (v["processes"], v["reached"]) == ([], True)),  # how long it took is the machine's
        ),
        Case(
            "processes of another folder",
            {"kind": "processes", "folder": f"{PROGRAMS}\\drivers", "prefix": "services", "wait": {"seconds": 9}},
            fits(lambda v: (v["processes"], v["reached"]) == ([], True)),  # how long it took is the machine's
        ),
        Case(
            "policies",
            {"kind": "policies"},
            value({"module_logging": False, "script_block_logging": True, "transcription": False}),
        ),
        Case("rights by group policy", {"kind": "policy_rights", "names": ["SeServiceLogonRight"]}, value(None)),
        Case(
            "session",
            {"kind": "session"},
            fits(lambda v: v["language_mode"] == "FullLanguage" and v["winrm"] is None and "\\" in v["account"]),
        ),
        Case("events", {"kind": "events", "since": "2026-01-01T00:00:00Z", "providers": ["x"]}, lambda a: True),
        Case("features", {"kind": "features", "names": ["Web-Server"]}, lambda a: True),
    ]


def iis() -> list[Case]:
    match = {"kind": "secret_matches", "what": "pool_password", "name": "rig POOL"}
    return [
        Case(
            "iis",
            {"kind": "iis"},
            fits(
                lambda v: (
                    {"name": "Rig pool", "state": "Started"} in v["pools"]
                    and "Unknown" in [s["state"] for s in v["sites"]]
                )
            ),
        ),
        Case(
            "wait for a state that is there",
            {"kind": "iis", "wait": {"pool": "Rig pool", "state": "Started"}},
            fits(lambda v: v["reached"] is True and v["waited"] == 0),
        ),
        Case(
            "wait for a state in vain",
            {"kind": "iis", "wait": {"pool": "Rig pool", "state": "Stopped", "seconds": 1}},
            fits(lambda v: v["reached"] is False and v["waited"] >= 1),
        ),
        Case(
            "wait for a site that is not there",
            {"kind": "iis", "wait": {"site": "none", "state": "Started", "seconds": 0}},
            fits(lambda v: v["reached"] is False),
        ),
        Case("right password", match | {"expected": "Aa1"}, value(True)),
        Case("password in another case", match | {"expected": "aA1"}, value(False)),
        Case("pool without a password", match | {"name": "DefaultAppPool", "expected": "x"}, value(None)),
        Case("no pool", match | {"name": "none", "expected": "x"}, value(None)),
    ]


def http(web: WebServer) -> list[Case]:
    ask: Query = {
        "kind": "http",
        "address": "127.0.0.1",
        "host": "agent.example",
        "port": web.plain_port,
        "scheme": "http",
    }

    def body(expected: bytes) -> t.Callable[[t.Any], bool]:
        return fits(lambda v: base64.b64decode(v["body"]) == expected and v["certificate"] is None)

    secure = ask | {"scheme": "https", "port": web.tls_port, "server_name": "sni.example"}
    served = base64.b64encode(web.certificate).decode()
    tunnel = f"CONNECT far.example:{web.tls_port} HTTP/1.1\r\nHost: far.example:{web.tls_port}\r\n\r\n".encode()
    return [
        Case(
            "https",
            secure,
            fits(lambda v: v["status"] == 200 and v["certificate"] == served and web.names[-1] == "sni.example"),
        ),
        Case(
            "https to the host's name",
            ask | {"scheme": "https", "port": web.tls_port},
            fits(lambda v: len(v["thumbprint"]) == 40 and web.names[-1] == "agent.example"),
        ),
        Case(
            "https, with the chain",
            secure | {"chain": True},
            fits(
                lambda v: (
                    set(v["chain"]["status"]) == {"NotTimeValid", "UntrustedRoot"}
                    and [(c["thumbprint"], c["subject"]) for c in v["chain"]["certificates"]]
                    == [(v["thumbprint"], "CN=rig")]
                    and web.beside in v["chain"]["sent"]
                )
            ),
        ),
        Case("http, without a chain", ask | {"chain": True}, fits(lambda v: v["chain"] is None)),
        Case(
            "by a name that nobody has", ask | {"address": "none.invalid"}, error("System.Net.Sockets.SocketException")
        ),
        *([Case("over IPv6", ask | {"address": "::1", "port": web.six_port}, body(b"hello"))] if web.six_port else []),
        Case(
            "https, judged", secure | {"verify": True}, error("System.Security.Authentication.AuthenticationException")
        ),
        Case(
            "https by a proxy",
            secure | {"proxy": {"address": "127.0.0.1", "port": web.plain_port}, "address": "far.example"},
            fits(lambda v: v["status"] == 200 and v["certificate"] == served and web.heard[-2].startswith(tunnel)),
        ),
        Case(
            "https by a proxy with a password",
            secure | {"proxy": {"address": "127.0.0.1", "port": web.plain_port, "authorization": "Basic eDp5"}},
            fits(lambda v: v["status"] == 200 and b"Proxy-Authorization: Basic eDp5\r\n" in web.heard[-2]),
        ),
        Case(
            "a proxy that refuses",
            secure | {"proxy": {"address": "127.0.0.1", "port": web.plain_port}, "address": "refused.example"},
            error("System.IO.IOException", "the proxy answered 'HTTP/1.1 407 Proxy Authentication Required'"),
        ),
        Case(
            "a proxy that hangs up",
            secure | {"proxy": {"address": "127.0.0.1", "port": web.plain_port}, "address": "gone.example"},
            error("System.IO.IOException", "the proxy answered ''"),
        ),
        Case(
            "a proxy without address",
            secure | {"proxy": {"port": 1}},
            error("BadQuery", "'address'"),
        ),
        Case("http", ask, fits(lambda v: v["headers"]["content-type"] == "text/plain" and v["reason"] == "OK")),
        Case(
            "request",
            ask | {"method": "POST", "body": "\u00fc=1", "headers": {"X-A": "b"}},
            fits(
                lambda v: (
                    v["status"] == 200
                    and b"POST / HTTP/1.1\r\nHost: agent.example\r\n" in web.heard[-1]
                    and b"X-A: b\r\nContent-Length: 4" in web.heard[-1]
                )
            ),
        ),
        Case("chunks", ask | {"path": "/chunks"}, body(b"hello!")),
        Case("cut chunk", ask | {"path": "/cut-chunk"}, body(b"hel")),
        Case("no last chunk", ask | {"path": "/no-last-chunk"}, body(b"hel")),
        Case("half a size", ask | {"path": "/half-a-size"}, body(b"hel")),
        Case(
            "no reason",
            ask | {"path": "/no-reason"},
            fits(lambda v: (v["status"], v["reason"], v["body"]) == (503, "", "")),
        ),
        Case("bytes", ask | {"path": "/bytes"}, body(b"\x00\xff\xfe")),
        Case("large", ask | {"path": "/large", "max_bytes": 10}, body(b"x" * 10)),
        Case("no HTTP", ask | {"path": "/nonsense"}, error("System.IO.InvalidDataException", "not HTTP")),
        Case("nothing", ask | {"path": "/nothing"}, error("System.IO.InvalidDataException")),
        Case("silence", ask | {"path": "/silent", "timeout": 1}, lambda a: "error" in a),
        Case("refused", ask | {"port": 1}, error("System.Net.Sockets.SocketException")),
        Case("no route in time", ask | {"address": "192.0.2.1", "timeout": 1}, lambda a: "error" in a),
        Case("no TLS there", ask | {"scheme": "https"}, lambda a: "error" in a),
    ]


def with_token(web: WebServer) -> list[Case]:
    """Return the cases of a chain of requests: whatever happens, no answer holds the token."""
    token: Query = {
        "address": "127.0.0.1",
        "host": "im.example",
        "port": web.tls_port,
        "method": "POST",
        "path": "/token",
        "body": "client_secret=x",
    }

    def ask(path: str, *paths: str, **more: t.Any) -> Query:
        return {"kind": "with_token", "token": token | {"path": path} | more, "paths": list(paths)}

    def is_right(test: t.Callable[[t.Any, list[bytes]], bool]) -> t.Callable[[t.Any], bool]:
        def judged(value: t.Any) -> bool:
            bodies = [base64.b64decode(one.get("body") or "") for one in (*value["answers"], value["refused"] or {})]
            return not any(b"canary" in body for body in bodies) and test(value, bodies)

        return fits(judged)

    heard = b"Authorization: Bearer canary-token\r\n"
    return [
        Case(
            "a token and two questions",
            ask("/token", "/", "/token-again"),
            is_right(
                lambda v, bodies: (
                    v["refused"] is None
                    and [one["status"] for one in v["answers"]] == [200, 200]
                    and bodies[:2] == [b"hello", b'{"Result":[],"you sent":"********"}']
                    and web.heard[-3].startswith(b"POST /token ")
                    and all(heard in one and one.startswith(b"GET /") for one in web.heard[-2:])
                )
            ),
        ),
        Case(
            "no token",
            ask("/no-token", "/"),
            is_right(
                lambda v, bodies: (
                    v["refused"]["status"] == 400
                    and v["answers"] == []
                    and len(bodies[-1]) == 48
                    and web.heard[-1].startswith(b"POST /no-token ")
                )
            ),
        ),
        Case("a short answer without a token", ask("/", "/"), is_right(lambda v, bodies: bodies == [b"hello"])),
        Case(
            "a question without an answer",
            ask("/token", "/nothing", "/"),
            is_right(
                lambda v, bodies: (
                    v["answers"][0]["error"]["type"] == "System.IO.InvalidDataException"
                    and v["answers"][1]["status"] == 200
                )
            ),
        ),
        Case(
            "a server that is not trusted gets no secret",
            ask("/token", "/", verify=True),
            error("System.Security.Authentication.AuthenticationException"),
        ),
        Case("no request for a token", {"kind": "with_token", "token": "x", "paths": []}, error("BadQuery", "'token'")),
    ]


def downloads(web: WebServer) -> list[Case]:
    """Return questions for what a download would meet."""
    ask: Query = {"kind": "download", "url": f"http://127.0.0.1:{web.plain_port}/"}
    large = {"url": f"{ask['url']}large"}
    by = {"address": "127.0.0.1", "port": web.plain_port}
    return [
        Case("there", ask, fits(lambda v: v == {"status": 200, "reason": "OK"})),
        Case("there, and not read", ask | large, fits(lambda v: v == {"status": 200, "reason": "OK"})),
        Case("there already", ask | {"unless": [f"{FOLDER}\\none", f"{FOLDER}\\a.txt"]}, value(None)),
        Case("a folder is there already", ask | {"unless": [FOLDER]}, value(None)),
        Case("not there already", ask | {"unless": [f"{FOLDER}\\none"]}, fits(lambda v: v["status"] == 200)),
        Case("out of order", ask | {"url": f"{ask['url']}no-reason"}, fits(lambda v: v["status"] == 503)),
        Case("nobody there", ask | {"url": "http://127.0.0.1:1/"}, error("System.Net.Sockets.SocketException")),
        Case("silence", ask | {"url": f"{ask['url']}silent", "timeout": 1}, lambda a: "error" in a),
        Case(
            "not trusted",
            ask | {"url": f"https://127.0.0.1:{web.tls_port}/"},
            error("System.Security.Authentication.AuthenticationException"),
        ),
        Case("no address", ask | {"url": "nowhere"}, error("System.UriFormatException")),
        Case(
            "by a proxy that lets nobody through",
            ask | {"url": "https://refused.contoso.com/", "proxy": by | {"user": "svc", "password": "canary"}},
            lambda a: "error" in a and "407" in a["error"]["message"],
        ),
        Case(
            "by a proxy, to a server that is not trusted",
            ask | {"url": "https://files.contoso.com/", "proxy": by},
            error("System.Security.Authentication.AuthenticationException"),
        ),
        Case("by no proxy's address", ask | {"proxy": {"port": 1}}, error("BadQuery", "'address'")),
    ]


def bad() -> list[Case]:
    """Return questions that are none."""
    return [
        Case("unknown", {"kind": "telepathy"}, error("UnknownQuery", "telepathy")),
        Case("no kind", {"path": "x"}, error("UnknownQuery")),
        *(
            Case(f"{kind} without {field}", {"kind": kind, **rest}, error("BadQuery", f"'{field}'"))
            for kind, field, rest in (
                ("file", "path", {}),
                ("file", "path", {"path": ""}),
                ("file", "path", {"path": ["x"]}),
                ("files", "path", {}),
                ("drive", "path", {}),
                ("acl", "paths", {}),
                ("acl", "paths", {"paths": "C:\\"}),
                ("registry", "key", {}),
                ("registry", "key", {"key": "C:\\x"}),
                ("service", "name", {}),
                ("http", "address", {"host": "x"}),
                ("download", "url", {}),
                ("http", "host", {"address": "x"}),
                ("with_token", "paths", {"token": {}}),
                ("environment", "names", {}),
                ("account", "names", {}),
                ("processes", "folder", {"prefix": "x"}),
                ("processes", "prefix", {"folder": PROGRAMS}),
                ("features", "names", {"names": "x"}),
                ("secret_matches", "name", {}),
                ("secret_matches", "what", {"name": "x"}),
            )
        ),
        Case("wrong location", {"kind": "certificates", "location": "Moon"}, lambda a: "error" in a),
        Case("wrong scope", {"kind": "environment", "names": ["x"], "scope": "Moon"}, lambda a: "error" in a),
    ]
