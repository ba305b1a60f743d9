# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The agent's Windows service as a task wants it. Docs: win_im_service.yml."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from .._agent import fingerprint
from .._agent.drain import OPTIONS, Drain
from .._agent.restart import watched
from .._core.kept import is_kept
from .._core.plan import Refused
from .._windows import account_name, windows_path
from .._windows.account_name import AccountName, Form
from . import firewall_rules, service_environment, service_recovery, service_urls

PROGRAM = "Usercube-Agent.exe"
START_MODES = {"auto": "automatic", "delayed": "delayed", "manual": "manual", "disabled": "disabled"}
RESET_SECONDS = 86400
UPDATE = ("fingerprint", "always", "on_create")
_NAME = re.compile(r"[^/\\]{1,80}")

ARGUMENT_SPEC: dict[str, t.Any] = {
    "argument_spec": {
        "name": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["present", "started", "stopped", "absent"], "default": "present"},
        "path": {"type": "str"},
        "display_name": {"type": "str"},
        "description": {"type": "str", "default": "Identity Manager agent"},
        "urls": {"type": "list", "elements": "str", "default": ["http://localhost:5000"]},
        "username": {"type": "str"},
        "password": {"type": "str", "no_log": True},
        "update_password": {"type": "str", "choices": list(UPDATE), "default": UPDATE[0]},
        "fingerprint_key": fingerprint.KEY_SPEC,
        "force_identity": {"type": "bool", "default": False},
        "logon_right": {"type": "bool", "default": True},
        "start_mode": {"type": "str", "choices": list(START_MODES), "default": "auto"},
        "recovery": {
            "type": "list",
            "elements": "dict",
            "default": [{"action": "restart", "delay_seconds": 60}] * 3,
            "options": {
                "action": {"type": "str", "choices": ["none", "restart", "reboot"], "default": "restart"},
                "delay_seconds": {"type": "int", "default": 60},
            },
        },
        "recovery_reset_seconds": {"type": "int", "default": RESET_SECONDS},
        "replaces_site": {"type": "str"},
        "restart": {"type": "str", "choices": ["auto", "never"], "default": "auto"},
        "settings_path": {"type": "str"},
        "watch": {"type": "list", "elements": "str", "default": []},
        **OPTIONS,
        **service_environment.OPTIONS,
        "firewall": {"type": "str", "choices": list(firewall_rules.CHOICES), "default": firewall_rules.CHOICES[0]},
    },
}


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What the service shall be.

    Attributes:
        name: the service's name.
        state: present, started, stopped or absent.
        runtime: the agent's Runtime folder.
        command: the command line that the service controller runs.
        account: whom it runs as: the service's own virtual account unless another one is given.
        password: of the account, empty where it has none.
        keeps_password: whether Windows has it, and only there it is known.
        recovery: (action, milliseconds) after the first, second, … failure.
        replaces_site: a site of IIS that is removed before the service starts, so that its ports are free then.
        watch: files that the agent reads only at its start.
        drain: what happens while a job of the agent runs.
        guarded: the ports that the server's firewall has to let in.
        environment: variables of its own process that are ours, by name; an empty value for one that is not wanted.
    """

    name: str
    state: str
    runtime: str
    command: str
    display_name: str
    description: str
    account: str
    password: str = dataclasses.field(repr=False)
    keeps_password: bool
    update_password: str
    fingerprint_key: str = dataclasses.field(repr=False)
    force_identity: bool
    logon_right: bool
    start_mode: str
    recovery: tuple[tuple[str, int], ...]
    reset_seconds: int
    replaces_site: str
    restart: str
    watch: tuple[str, ...]
    drain: Drain
    guarded: frozenset[int]
    environment: tuple[tuple[str, str], ...] = dataclasses.field(repr=False)

    @classmethod
    def of(cls, arguments: dict[str, t.Any]) -> Wanted:
        """Return what a task wants; raises Refused."""
        name, path = arguments["name"], arguments.get("path") or ""
        if not _NAME.fullmatch(name):
            raise Refused(f"name: found {name!r}, wanted 1 to 80 characters without / and \\")
        reason = windows_path.why_not_absolute(path) if arguments["state"] != "absent" else None
        if reason:
            raise Refused(f"path: found {path!r}, wanted the Runtime folder as an absolute Windows path ({reason})")
        account = account_name.of(arguments.get("username") or account_name.of_service(name))
        password = arguments.get("password") or ""
        _check_account(account, password)
        runtime = windows_path.normal(path) if path else ""
        return cls(
            name=name,
            state=arguments["state"],
            runtime=runtime,
            command=_command(runtime, arguments["urls"]) if runtime else "",
            display_name=arguments.get("display_name") or name,
            description=arguments["description"],
            account=account.text,
            password="" if is_kept(password) else password,
            keeps_password=is_kept(password),
            update_password=arguments["update_password"],
            fingerprint_key=fingerprint.checked_key(arguments.get("fingerprint_key")),
            force_identity=arguments["force_identity"],
            logon_right=arguments["logon_right"],
            start_mode=arguments["start_mode"],
            recovery=tuple(service_recovery.step(step) for step in arguments["recovery"]),
            reset_seconds=arguments["recovery_reset_seconds"],
            replaces_site=arguments.get("replaces_site") or "",
            restart=arguments["restart"],
            watch=watched(arguments),
            drain=Drain.of(arguments),
            guarded=service_urls.outward(arguments["urls"]) if firewall_rules.is_checked(arguments) else frozenset(),
            environment=service_environment.wanted(arguments),
        )

    @property
    def virtual(self) -> bool:
        """Tell whether it runs as a virtual account, which Windows creates and which may log on as a service."""
        return account_name.of(self.account).form is Form.SERVICE


def _check_account(account: AccountName, password: str) -> None:
    """Refuse an account that no service runs as, a password that it does not take, or a missing one."""
    problem = account.service_problem()
    if problem:
        raise Refused(f"username: found {account.text}, which {problem}; wanted an account that a service can run as")
    found = account.password_problem(password)
    if found:
        raise Refused(f"password: found {found[0]}, wanted {found[1]}")


def _command(runtime: str, urls: t.Sequence[str]) -> str:
    """Return the command line; the path quoted, since a blank in it would let another program start."""
    if not urls:
        raise Refused("urls: found none, wanted at least one address to listen on, such as http://localhost:5000")
    for url in urls:
        service_urls.check(url)
    # Belief [service-urls]: the agent takes --urls beside --service, learn.microsoft.com "ASP.NET Core Web Host".
    return f'"{windows_path.join(runtime, PROGRAM)}" --service --urls "{";".join(urls)}"'
