"""Make the stand-ins of the example: what the vendor and Microsoft ship is not ours to give away.

The archive has the layout of the vendor's agent runtime archive, with placeholders for its programs; the installer and
the shared key
pair are the emulator's. All are named and labelled as stand-ins.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import hashlib
import sys
import zipfile
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from emulator.windows.files.program_version import with_version  # noqa: E402  (the path comes first)
from emulator.windows.installed.packages import hosting_bundle  # noqa: E402

LABEL = "Stand-in of imops.identity_manager for tests: this is not the product.\r\n"
PFX_PASSWORD = "demo-only-pfx-password-Bn64"  # noqa: S105  (of a key pair that is made for the example)
BUNDLE_VERSION = "8.0.22"

_ASP_NET_CORE = (
    'processPath="dotnet" arguments=".\\Usercube-Server.dll" stdoutLogEnabled="false" '
    'stdoutLogFile="..\\Temp\\stdout-server.log" hostingModel="inprocess"'
)
_SERVER_WEB_CONFIG = f"""<?xml version="1.0" encoding="utf-8"?>
<configuration>
  <location path="." inheritInChildApplications="false">
    <system.webServer>
      <handlers>
        <add name="aspNetCore" path="*" verb="*" modules="AspNetCoreModuleV2" resourceType="Unspecified" />
      </handlers>
      <aspNetCore {_ASP_NET_CORE} />
    </system.webServer>
  </location>
</configuration>
"""
_AGENT_WEB_CONFIG = _SERVER_WEB_CONFIG.replace("Server.dll", "Agent.dll")
_SERVER_SETTINGS = '{\n  "ApplicationUri": "http://localhost:5000"\n}\n'
_AGENT_SETTINGS = """{
  // The address of the Identity Manager server.
  "ApplicationUri": "http://localhost:5000",
  "Cors": {
    "AllowAnyHeader": true,
    "AllowAnyMethod": true,
    "AllowCredentials": true
  },
  "Scheduler": {
    "Enabled": false
  },
  "Serilog": {
    "MinimumLevel": {
      "Default": "Error",
      "Override": {
        "Usercube": "Information"
      }
    }
  }
}
"""
_AGENT_AGENT_SETTINGS = """{
  "OpenId": {
    "AgentIdentifier": "Agent"
  },
  "TaskAgentConfiguration": {
    "HttpClientTimeoutSupplement": 0
  }
}
"""
_RUNTIME_CONFIG = """{
  "runtimeOptions": {
    "tfm": "net8.0",
    "frameworks": [
      { "name": "Microsoft.NETCore.App", "version": "8.0.0" },
      { "name": "Microsoft.AspNetCore.App", "version": "8.0.0" }
    ]
  }
}
"""
CONTENT = {
    "README-STANDIN.txt": LABEL,
    "Usercube-Agent.dll": LABEL,
    "Usercube-Agent.exe": LABEL,
    "Usercube-Agent.runtimeconfig.json": _RUNTIME_CONFIG,
    "Usercube-Server.dll": LABEL,
    "Usercube-Server.exe": LABEL,
    "Usercube-Invoke-Job.exe": LABEL,
    "Usercube-Protect-CertificatePassword.exe": LABEL,
    "Usercube-Protect-X509JsonFile.exe": LABEL,
    "Usercube-Protect-X509JsonValue.exe": LABEL,
    "appsettings.json": _SERVER_SETTINGS,
    "appsettings.agent.json": "{\n}\n",
    "web.config": _SERVER_WEB_CONFIG,
    "wwwroot/index.html": f"<!DOCTYPE html><title>{LABEL.strip()}</title>\n",
    "Agent/appsettings.json": _AGENT_SETTINGS,
    "Agent/appsettings.agent.json": _AGENT_AGENT_SETTINGS,
    "Agent/web.config": _AGENT_WEB_CONFIG,
}
VERSIONS: dict[str, dict[str, str]] = {
    "6.2.1": {},
    "6.2.2": {"wwwroot/new.js": "// new in 6.2.2\n"},
    "6.2.3": {"Usercube-Agent.runtimeconfig.json": _RUNTIME_CONFIG.replace("8.0.0", "8.0.99")},
}
"""What differs in the versions for upgrades. 6.2.3 cannot start: no hosting bundle has the .NET that it needs."""


@dataclasses.dataclass(frozen=True)
class StandIns:
    """The files that were made."""

    archive: Path
    bundle: Path
    key_pair: Path

    def variables(self) -> dict[str, str]:
        """Return the example's variables that depend on the files, without their prefix ``contoso_``."""
        return {
            "archive_checksum": sha256(self.archive),
            "hosting_bundle_checksum": sha256(self.bundle),
            "identity_server_pfx": str(self.key_pair),
        }


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def make(folder: Path, programs: Path | None = None) -> StandIns:
    """Make the files, the same bytes each time; the key pair is kept while it is there.

    Args:
        folder: where to.
        programs: a folder of programs that run, whose files take the place of the placeholders and of the settings of
            the same names; none for the emulator, which runs nothing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = StandIns(
        folder / "usercube-agent-runtime-STANDIN.zip",
        folder / f"dotnet-hosting-{BUNDLE_VERSION}-win-STANDIN.exe",
        folder / "identity-server-STANDIN.pfx",
    )
    _pack(made.archive, _content(programs))
    for number in VERSIONS:
        _pack(version_file(folder, number), _version(number))
    made.bundle.write_bytes(hosting_bundle(BUNDLE_VERSION))
    if not made.key_pair.exists():
        made.key_pair.write_bytes(key_pair("Identity Manager Server Contoso", PFX_PASSWORD))
    return made


def version_file(folder: Path, number: str) -> Path:
    """Return where the archive of a version is."""
    return folder / f"usercube-agent-runtime-{number}-STANDIN.zip"


def _content(programs: Path | None) -> dict[str, bytes]:
    content = {name: text.encode() for name, text in CONTENT.items()}
    if programs:
        files = sorted(path for path in programs.rglob("*") if path.is_file())
        content |= {path.relative_to(programs).as_posix(): path.read_bytes() for path in files}
    return content


def _version(number: str) -> dict[str, bytes]:
    content = {
        name: with_version(data, f"{number}.0") if name.endswith((".dll", ".exe")) else data
        for name, data in _content(None).items()
    }
    return content | {name: text.encode() for name, text in VERSIONS[number].items()}


def _pack(path: Path, content: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            entry = zipfile.ZipInfo(name, date_time=(2026, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)


def key_pair(name: str, password: str) -> bytes:
    """Make a PFX with a self-signed certificate."""
    key = rsa.generate_private_key(65537, 2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(
        now + datetime.timedelta(days=3650)
    )
    encryption = serialization.BestAvailableEncryption(password.encode())
    return pkcs12.serialize_key_and_certificates(
        name.encode(), key, builder.sign(key, hashes.SHA256()), None, encryption
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "standin", help="where to (build/standin)")
    parser.add_argument("--programs", type=Path, help="programs that run, in the place of placeholders")
    given = parser.parse_args()
    for name, value in make(given.folder, given.programs).variables().items():
        print(f"{name}: {value}")
