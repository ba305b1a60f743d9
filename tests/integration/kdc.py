"""A real MIT KDC of the realm CONTOSO.TEST, in a folder and on a port of its own: started and stopped by a test."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.util
import os
import shutil
import socket
import subprocess
import time
import typing as t
from pathlib import Path

REALM = "CONTOSO.TEST"
START_SECONDS = 20
_PATH = f"/usr/sbin:/sbin:{os.environ.get('PATH', '')}"
_PROGRAMS = ("krb5kdc", "kdb5_util", "kadmin.local", "kinit")
_PACKAGES = ("gssapi", "krb5")

CLIENT = """[libdefaults]
default_realm = {realm}
dns_lookup_kdc = false
dns_lookup_realm = false
rdns = false
dns_canonicalize_hostname = false
udp_preference_limit = 1
default_ccache_name = FILE:{folder}/tickets
[realms]
{realm} = {{
  kdc = 127.0.0.1:{port}
}}
NOWHERE.TEST = {{
  kdc = 127.0.0.1:{closed}
}}
"""
SERVER = """[kdcdefaults]
kdc_listen = ""
kdc_tcp_listen = 127.0.0.1:{port}
[realms]
{realm} = {{
  database_name = {folder}/principal
  key_stash_file = {folder}/stash
  max_life = 1h
  default_principal_flags = +preauth
  supported_enctypes = aes256-cts-hmac-sha1-96:normal
}}
[logging]
kdc = FILE:{folder}/kdc.log
"""


def missing() -> str:
    """Return what this machine lacks for a KDC and its clients; empty for nothing."""
    programs = [name for name in _PROGRAMS if not shutil.which(name, path=_PATH)]
    packages = [name for name in _PACKAGES if importlib.util.find_spec(name) is None]
    lacks = [*programs, *packages]
    hint = "apt install krb5-kdc krb5-admin-server krb5-user gcc libkrb5-dev, then make"
    return f"no {', '.join(lacks)}: {hint}" if lacks else ""


@dataclasses.dataclass(frozen=True)
class Kdc:
    """A running KDC.

    Attributes:
        folder: where all of it is.
    """

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables by which Kerberos's programs and libraries find it, and nothing of this machine's."""
        return {
            "KRB5_CONFIG": str(self.folder / "krb5.conf"),
            "KRB5_KDC_PROFILE": str(self.folder / "kdc.conf"),
            "KRB5CCNAME": f"FILE:{self.folder}/tickets",
            "KRB5_KTNAME": f"FILE:{self.folder}/keytab",
            "PATH": _PATH,
        }

    def run(self, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Run one of Kerberos's programs."""
        environment = os.environ | self.environment
        return subprocess.run(words, env=environment, input=given, capture_output=True, text=True, check=False)

    def administer(self, *commands: str) -> None:
        """Run commands of kadmin on the database itself."""
        done = self.run("kadmin.local", "-r", REALM, given="".join(f"{command}\n" for command in commands))
        if done.returncode or "while" in done.stderr:
            raise RuntimeError(f"kadmin.local: {done.stderr}")

    def add_account(self, name: str, password: str, more: str = "") -> None:
        """Add an account that logs on with a password."""
        self.administer(f"addprinc {more} -pw {password} {name}@{REALM}")

    def add_keytab(self, name: str, file: Path) -> None:
        """Write a keytab for an account, its password unchanged."""
        self.administer(f"ktadd -norandkey -k {file} {name}@{REALM}")

    def add_service(self, *names: str) -> None:
        """Add services such as HTTP/server, their keys in the keytab."""
        self.administer(*(f"addprinc -randkey {name}@{REALM}" for name in names))
        self.administer(*(f"ktadd -k {self.folder}/keytab {name}@{REALM}" for name in names))


@contextlib.contextmanager
def running(folder: Path, clock: str = "") -> t.Iterator[Kdc]:
    """Start a KDC in an empty folder, and stop it at the end.

    Args:
        folder: where all of it goes.
        clock: how far its clock is from this machine's, as libfaketime takes it (``-20m``); the clients then believe
            this machine's clock, as they do with ``kdc_timesync = 0``. Empty for the same clock.

    Raises:
        RuntimeError: it did not start; its output is in the message.
    """
    kdc = Kdc(folder)
    port, closed = _free(), _free()
    values = {"realm": REALM, "folder": folder, "port": port, "closed": closed}
    believing = CLIENT.replace("[realms]", "kdc_timesync = 0\n[realms]", 1) if clock else CLIENT
    (folder / "krb5.conf").write_text(believing.format(**values), "utf-8")
    (folder / "kdc.conf").write_text(SERVER.format(**values), "utf-8")
    made = kdc.run("kdb5_util", "create", "-s", "-r", REALM, "-P", "demo-only-master-key")
    if made.returncode:
        raise RuntimeError(f"kdb5_util: {made.stderr}")
    words = ["krb5kdc", "-n", "-r", REALM, "-P", str(folder / "kdc.pid")]
    with (folder / "krb5kdc.out").open("wb") as output:
        process = subprocess.Popen(
            words,
            env=os.environ | kdc.environment | _shifted(clock),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        _wait(process, port, folder)
        yield kdc
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def no_other_clock() -> str:
    """Return why no program can have another clock here; empty where it can."""
    return "" if _faketime() else "no libfaketime: apt install faketime"


def _faketime() -> str:
    return next((str(found) for found in Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), "")


def _shifted(clock: str) -> dict[str, str]:
    return {"LD_PRELOAD": _faketime(), "FAKETIME": clock} if clock else {}


def _free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"krb5kdc did not start: {(folder / 'krb5kdc.out').read_text('utf-8', 'replace')}")
        time.sleep(0.05)
