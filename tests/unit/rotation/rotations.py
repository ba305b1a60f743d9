"""The six rotations: the inventories of docs/rotation.md, what people do elsewhere meanwhile, and how the agent sees
it.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import re
import tempfile
import typing as t
from pathlib import Path
from unittest import mock
from urllib.parse import urlencode, urlsplit

import chain
import install_playbook
import ready_keys
from ansible.parsing.dataloader import DataLoader
from cryptography.hazmat.primitives.asymmetric import rsa
from emulator.windows.agent.dotnet_config import Configuration
from emulator.windows.agent.process import Agent
from emulator.windows.machine import Machine
from emulator.windows.network.identity_server import IdentityServer
from emulator.windows.network.network import HttpRequest
from in_process import Server

OPENID, ACCOUNTS, CONNECTIONS = "The secret of the OpenID client", "The account's password", "Secrets of connections"
ENCRYPTION, HTTPS, FINGERPRINT = "The encryption pair", "The https pair", "The fingerprint key"
PAGE = chain.ROOT / "docs" / "rotation.md"
ACCOUNT = "CONTOSO\\svc-agent"
OLD = {
    "vault_openid_secret_job": chain.CANARIES["job"],
    "vault_identity_password": "canary-account-0ld-71",
    "vault_ad_password": chain.CANARIES["ad"],
    "vault_fingerprint_key": chain.FINGERPRINT_KEY,
    "vault_file_password": "canary-file-0ld-5d",
    "vault_identity_server_pfx_password": chain.CANARIES["pfx"],
}
NEW = {
    "vault_openid_secret_job2": "canary-openid-job2-a3",
    "vault_identity_password_new": "canary-account-new-c8",
    "vault_ad_password_new": "canary-ad-new-19",
    "vault_fingerprint_key_new": "canary-fingerprint-key-new-40",
    "vault_file_password_new": "canary-file-new-e6",
}
FIRST_KEYS = 8
"""Of those made beforehand: what an installation takes."""
MADE_BY_TOOL = "tool"
OF_AD = "Connections:ADExport:Password"
Does = t.Callable[[Machine], None]


@dataclasses.dataclass(frozen=True)
class Step:
    """One run, and what people do elsewhere before it.

    Attributes:
        writes: how many executions of the run are no probe.
        does: what is done elsewhere.
        block: the number of its inventory in the section.
    """

    writes: int
    does: Does = lambda machine: None
    block: int = 0


@dataclasses.dataclass(frozen=True)
class Rotation:
    """A rotation on one kind of server.

    Attributes:
        heading: its section of the guide.
        steps: its runs, in their order.
        hosting: of the agent.
        base: variables beside the usual ones, as everywhere in the inventory.
        old: names of the secrets that go, in ``OLD``.
        pair: the use of the key pair that goes; empty for none.
        by_hand: what the guide lets people do at the end.
        outage: whether a restart meanwhile may find a secret that does not fit, which the guide tells.
    """

    heading: str
    steps: tuple[Step, ...]
    hosting: str = "iis"
    base: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    old: tuple[str, ...] = ()
    pair: str = ""
    by_hand: Does = lambda machine: None
    outage: bool = False


@functools.cache
def inventories(heading: str) -> tuple[dict[str, t.Any], ...]:
    """Return the inventories of a section of the guide, values as trusted templates."""
    section = re.search(
        rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    assert section, heading
    found = []
    for block in re.findall(r"^( *)```yaml\n(.*?)^ *```", section[1], re.MULTILINE | re.DOTALL):
        lines = [line.removeprefix(block[0]) for line in block[1].splitlines()]
        with tempfile.NamedTemporaryFile("w", suffix=".yml", encoding="utf-8") as file:
            file.write("\n".join(lines))
            file.flush()
            found.append(DataLoader().load_from_file(file.name, trusted_as_template=True))
    return tuple(found)


def usual(rotation: Rotation) -> dict[str, t.Any]:
    """Return the variables of before: those of the usual inventory, its secrets as variables of a vault."""
    given = {f"im_agent_{name}": value for name, value in chain.inventory(hosting=rotation.hosting).items()}
    connections = given["im_agent_connections"]
    return {
        **{name: value for name, value in given.items() if value is not None},
        **OLD,
        **NEW,
        "inventory_hostname": "paris.contoso.com",
        "inventory_dir": str(_files()),
        "im_agent_verify_timeout": 0,
        "im_agent_openid_clients": {"Job": OLD["vault_openid_secret_job"]},
        "im_agent_connections": {"ADExport": connections["ADExport"]},
        **rotation.base,
    }


@functools.cache
def _files() -> Path:
    folder = chain.ROOT / "build" / "standin" / "rotation"
    (folder / "files").mkdir(parents=True, exist_ok=True)
    (folder / "files" / "identity-server.pfx").write_bytes(chain.FILES.key_pair.read_bytes())
    return folder


def variables(rotation: Rotation, number: int) -> dict[str, t.Any]:
    """Return the variables of a step, by its number from 0; of before with -1."""
    if number < 0:
        return usual(rotation)
    return {**usual(rotation), **inventories(rotation.heading)[rotation.steps[number].block]}


def clients(machine: Machine, **accepted: str) -> None:
    """Let the Identity Manager server accept these clients and no others."""
    machine.network.elsewhere[:] = [IdentityServer(chain.SERVER_URL, accepted).respond]


def keys(first: int, last: int | None) -> t.Callable[..., rsa.RSAPrivateKey]:
    """Return what takes the place of the making of a key: it gives some of those made beforehand, in turn."""
    given = itertools.cycle(ready_keys.all_keys()[first:last])
    return lambda public_exponent, key_size: next(given)


def fresh(rotation: Rotation) -> Server:
    """Return a server on which the agent is installed with the variables of before."""
    made = chain.server({"accounts": [{"name": ACCOUNT, "password": OLD["vault_identity_password"]}]})
    made.machine.certificates.keeps_keys = True
    clients(made.machine, Job=OLD["vault_openid_secret_job"])
    with mock.patch.object(rsa, "generate_private_key", keys(0, FIRST_KEYS)):
        done = install_playbook.run(made, variables(rotation, -1))
    assert not done[-1].result.get("failed"), done[-1].result["msg"]
    return made


def started(machine: Machine, hosting: str) -> tuple[str, Configuration | None]:
    """Start the agent anew, as after a crash: why it fails, and the settings as it sees them; on a copy."""
    machine = machine.copy()
    if hosting == "iis":
        assert machine.iis is not None
        if machine.iis.pool_state(chain.POOL) != "Started":
            machine.iis.start_pool(chain.POOL)
        machine.iis.recycle(chain.POOL)
        agents = [agent for worker in machine.iis.workers() for agent in worker.agents.values()]
        return (agents[0].failure, agents[0]._settings) if agents else ("no worker process", None)
    service = machine.services.get(chain.SERVICE)
    assert service is not None
    if service.state == "Running":
        machine.services.stop(chain.SERVICE)
    machine.services.start(chain.SERVICE)
    token = machine.accounts.service_token(service.account)
    return "", Agent.as_service(machine.surroundings, chain.RUNTIME, token)._settings


def token(machine: Machine, settings: Configuration, client: str = "", secret: str = "") -> bool:
    """Tell whether the Identity Manager server gives a token: for what the agent's settings say, or for a client."""
    client = client or settings.get("OpenId:DefaultOpenIdClient") or ""
    secret = secret or settings.get(f"OpenId:OpenIdClients:{client}") or ""
    host = urlsplit(settings.get("ApplicationUri") or "").hostname or ""
    form = {
        "client_id": f"{client}@{host}",
        "client_secret": secret,
        "grant_type": "client_credentials",
        "scope": "usercube_api",
    }
    asked = HttpRequest(host, 443, True, host, host, "POST", "/connect/token", body=urlencode(form).encode())
    return machine.network.request(asked).status == 200


# What people do elsewhere, and the table


def _both_clients(machine: Machine) -> None:
    clients(machine, Job=OLD["vault_openid_secret_job"], Job2=NEW["vault_openid_secret_job2"])


def _second_client(machine: Machine) -> None:
    clients(machine, Job2=NEW["vault_openid_secret_job2"])


def _new_password(machine: Machine) -> None:
    account = machine.accounts.find(ACCOUNT)
    assert account is not None
    account.password = NEW["vault_identity_password_new"]


def _client(*writes: int, **more: t.Any) -> Rotation:
    steps = (Step(writes[0], _both_clients), Step(writes[1], block=1))
    return Rotation(OPENID, steps, old=("vault_openid_secret_job",), by_hand=_second_client, **more)


def _account(writes: int, **more: t.Any) -> Rotation:
    base = {**_AS_ACCOUNT, **more.pop("base", {})}
    steps = (Step(writes, _new_password),)
    return Rotation(ACCOUNTS, steps, base=base, old=("vault_identity_password",), outage=True, **more)


def _connection(writes: int, **more: t.Any) -> Rotation:
    return Rotation(CONNECTIONS, (Step(writes),), old=("vault_ad_password",), **more)


def _pair(heading: str, use: str, *steps: Step, **more: t.Any) -> Rotation:
    return Rotation(heading, steps, pair=use, **more)


def _file_password(writes: int, **more: t.Any) -> Rotation:
    return _pair(ENCRYPTION, "encryption", Step(writes, block=1), old=("vault_file_password",), **more)


def _fingerprint(writes: int, **more: t.Any) -> Rotation:
    return Rotation(FINGERPRINT, (Step(writes),), old=("vault_fingerprint_key",), **more)


_AS_ACCOUNT = {"im_agent_identity_username": ACCOUNT, "im_agent_identity_password": OLD["vault_identity_password"]}
_ENCRYPTED = {"im_agent_protection": "encrypted", "im_agent_fingerprint_key": OLD["vault_fingerprint_key"]}
_MADE, _GIVEN, _SITE = chain.inventory()["certificates"]
_PASSWORD = {"file_password": OLD["vault_file_password"]}
_FILE = {**_MADE, "place": "file", "path": f"{chain.WORKING}\\Pairs\\agent.pfx", **_PASSWORD}
_SERVER_FILE = {**_GIVEN, "place": "file", "path": f"{chain.WORKING}\\Pairs\\server.pfx", **_PASSWORD}
_IN_FILE = {**_ENCRYPTED, "im_agent_certificates": [_FILE, _GIVEN, _SITE]}
_TOOL = {
    **_ENCRYPTED,
    **_AS_ACCOUNT,
    "im_agent_certificate_password_protection": MADE_BY_TOOL,
    "im_agent_certificates": [_FILE, _SERVER_FILE, _SITE],
}
_KESTREL = {"im_agent_service_urls": [f"https://{chain.HOST}:8443"]}
_SERVICE: dict[str, t.Any] = {"hosting": "service"}
ROTATIONS = {
    "client": _client(2, 4),
    "client, encrypted": _client(2, 4, base=_ENCRYPTED),
    "client, service": _client(2, 2, **_SERVICE),
    "account": _account(7),
    "account, service": _account(3, base=_ENCRYPTED, **_SERVICE),
    "connection": _connection(4),
    "connection, encrypted": _connection(4, base=_ENCRYPTED),
    "connection, service": _connection(2, **_SERVICE),
    "encryption": _pair(ENCRYPTION, "encryption", Step(7), base=_ENCRYPTED),
    "encryption, service": _pair(ENCRYPTION, "encryption", Step(5), base=_ENCRYPTED, **_SERVICE),
    "encryption, file": _file_password(6, base=_IN_FILE),
    "encryption, file, service": _file_password(4, base=_IN_FILE, **_SERVICE),
    "encryption, file, tool": _file_password(
        6, base={**_IN_FILE, "im_agent_certificate_password_protection": MADE_BY_TOOL}
    ),
    "https": _pair(HTTPS, "server", Step(5)),
    "https, service": _pair(HTTPS, "server", Step(4), base=_KESTREL, **_SERVICE),
    "fingerprint": _fingerprint(2, base=_ENCRYPTED),
    "fingerprint, tool": _fingerprint(2, base=_TOOL),
    "fingerprint, tool, service": _fingerprint(4, base=_TOOL, **_SERVICE),
}
