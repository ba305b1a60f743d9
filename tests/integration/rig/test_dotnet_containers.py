"""Containers that .NET exports are read, and .NET opens those that we make: with the engine's own .NET."""

from __future__ import annotations

import base64
import datetime
import json
import typing as t

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._certificates import key_container, new_pair
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core.plan import Refused
from ansible_collections.imops.identity_manager.plugins.plugin_utils._windows.certificate import describe
from cryptography.hazmat.primitives import serialization
from emulator.process.powershell import Unavailable
from powershell import Engine

NOW = datetime.datetime.now(datetime.UTC)
PASSWORDS = ("canary-dotnet-81", "", "pässwörd €", "@at@")
EXPORT = r"""
function New-Pair([string] $subject, $issuer) {
    $key = [Security.Cryptography.RSA]::Create(2048)
    $padding = [Security.Cryptography.RSASignaturePadding]::Pkcs1
    $request = [Security.Cryptography.X509Certificates.CertificateRequest]::new($subject, $key, 'SHA256', $padding)
    $from, $until = [DateTimeOffset]::UtcNow.AddDays(-1), [DateTimeOffset]::UtcNow.AddDays(9)
    if (-not $issuer) {
        $basic = [Security.Cryptography.X509Certificates.X509BasicConstraintsExtension]::new($true, $false, 0, $true)
        $request.CertificateExtensions.Add($basic)
        return $request.CreateSelfSigned($from, $until)
    }
    $signed = $request.Create($issuer, $from, $until.AddDays(-1), [byte[]](1, 2, 3, 4))
    return [Security.Cryptography.X509Certificates.RSACertificateExtensions]::CopyWithPrivateKey($signed, $key)
}
$root = New-Pair 'CN=Root' $null
$leaf = New-Pair 'CN=agent, O=Contoso' $root
$bare = [Security.Cryptography.X509Certificates.X509Certificate2]::new($root.Export('Cert'))
$found = @{}
foreach ($password in PASSWORDS) {
    $found["alone $password"] = $leaf.Export('Pfx', $password)
    $all = [Security.Cryptography.X509Certificates.X509Certificate2Collection]::new()
    [void] $all.Add($leaf)
    [void] $all.Add($bare)
    $found["chain $password"] = $all.Export('Pfx', $password)
}
$both = [Security.Cryptography.X509Certificates.X509Certificate2Collection]::new()
[void] $both.Add($leaf)
[void] $both.Add($root)
$found['two keys'] = $both.Export('Pfx', 'x')
$found['no key'] = $bare.Export('Pfx', 'x')
$found['root'] = $bare.Export('Cert')
$found.GetEnumerator() | ForEach-Object { $_.Key + '|' + [Convert]::ToBase64String($_.Value) }
"""
OPEN = r"""
$certificate = [Security.Cryptography.X509Certificates.X509Certificate2]::new([Convert]::FromBase64String('CONTENT'), PASSWORD)
"$($certificate.Thumbprint) $($certificate.HasPrivateKey)"
"""


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@pytest.fixture(scope="module")
def engine() -> t.Iterator[Engine]:
    try:
        made = Engine(windows=False)
    except Unavailable as why:
        pytest.skip(str(why))
    yield made
    made.close()


@pytest.fixture(scope="module")
def exports(engine: Engine) -> dict[str, bytes]:
    text = engine.script(EXPORT.replace("PASSWORDS", f"@({', '.join(map(quoted, PASSWORDS))})")).text
    lines = (line.rpartition("|") for line in text.splitlines() if "|" in line)
    return {name: base64.b64decode(content) for name, _bar, content in lines}


@pytest.mark.parametrize("password", PASSWORDS)
def test_exports_of_dotnet_are_read(exports: dict[str, bytes], password: str) -> None:
    key, leaf, more = key_container.read(exports[f"alone {password}"], password, "x")
    assert leaf.subject.rfc4514_string() in {"CN=agent,O=Contoso", "O=Contoso,CN=agent"}
    assert key.public_key() == leaf.public_key()
    assert more == []
    chain = key_container.read(exports[f"chain {password}"], password, "x")
    assert chain[1] == leaf
    assert [c.public_bytes(serialization.Encoding.DER) for c in chain[2]] == [exports["root"]]


@pytest.mark.parametrize(
    ("name", "words"), [("two keys", "contains 2 private keys"), ("no key", "contains no private key")]
)
def test_exports_of_dotnet_that_are_no_pair_are_refused(exports: dict[str, bytes], name: str, words: str) -> None:
    with pytest.raises(Refused, match=words):
        key_container.read(exports[name], "x", "the container")


def test_an_export_of_dotnet_with_another_password_is_refused(exports: dict[str, bytes]) -> None:
    with pytest.raises(Refused, match="the password is wrong"):
        key_container.read(exports[f"alone {PASSWORDS[0]}"], "another", "the container")


@pytest.mark.parametrize("modern", [False, True])
@pytest.mark.parametrize("password", [p for p in PASSWORDS if p])
def test_dotnet_opens_what_we_make(engine: Engine, modern: bool, password: str) -> None:
    key, certificate = new_pair.create("CN=agent", NOW, uses={"server"}, hosts=["agent.contoso.com"])
    container = base64.b64encode(key_container.pfx(key, certificate, password, modern=modern)).decode()
    shown = engine.script(OPEN.replace("CONTENT", container).replace("PASSWORD", quoted(password))).text.strip()
    thumbprint = describe(certificate.public_bytes(serialization.Encoding.DER)).thumbprint
    assert shown == f"{thumbprint} True", json.dumps(shown)
