"""`playbooks/install.yml` with `im_agent_upgrade`, in process: its tasks, blocks and rescues as Ansible runs them."""

from __future__ import annotations

import dataclasses
import functools
import json
import typing as t
from pathlib import Path

import chain
import install_playbook
import runtime_archives as archives
from ansible.parsing.dataloader import DataLoader
from in_process import Server
from install_playbook import COLLECTION, ROOT, Done
from runtime_archives import FORMER, NEW, Archive

BUILTIN = "ansible.builtin."
REBOOT = "ansible.windows.win_reboot"
ROLES = f"{COLLECTION}win_im_agent_roles"
MODULES = {
    f"{path.parents[1].name} : {task['name']}": next(key for key in task if "." in key).removeprefix(COLLECTION)
    for path in (ROOT / "roles").glob("*/tasks/*.yml")
    for task in install_playbook._load(path)
}
"""The module of each of the roles' tasks."""
HOST = "paris.contoso.com"
OWN = {"identity.pfx": b"key", "Connector.dll": b"own program", "scripts\\own.ps1": b"'own'"}
"""What people have put into Runtime."""


class Failed(Exception):
    """A task failed; the result says why."""

    def __init__(self, result: dict[str, t.Any]) -> None:
        super().__init__(result.get("msg"))
        self.result = result


class Ended(Exception):
    """The play has ended for its servers."""


@dataclasses.dataclass
class Play:
    """A run of the playbook.

    Attributes:
        server: the emulated server.
        known: all variables.
        check: whether nothing may be written.
        done: the tasks that ran.
    """

    server: Server
    known: dict[str, t.Any]
    check: bool
    done: list[Done] = dataclasses.field(default_factory=list)
    failed: dict[str, t.Any] | None = None

    def template(self, value: t.Any, more: t.Mapping[str, t.Any]) -> t.Any:
        return install_playbook._templar(DataLoader(), {**self.known, **more}).template(value)

    def holds(self, task: t.Mapping[str, t.Any], more: t.Mapping[str, t.Any]) -> bool:
        return install_playbook._holds(DataLoader(), task, {**self.known, **more})

    def run(self, tasks: t.Iterable[dict[str, t.Any]], folder: Path, more: dict[str, t.Any]) -> None:
        """Run tasks; raises Failed."""
        for task in tasks:
            own = {**more, **task.get("vars", {})}
            if not self.holds(task, own):
                continue
            if "block" in task:
                self._block(task, folder, own)
            elif f"{BUILTIN}include_tasks" in task:
                name = self.template(task[f"{BUILTIN}include_tasks"], own)
                self.run(install_playbook._load(folder / name), (folder / name).parent, own)
            elif f"{BUILTIN}import_role" in task:
                self._role(task, own)
            elif f"{BUILTIN}set_fact" in task:
                self.known |= self.template(task[f"{BUILTIN}set_fact"], own)
            elif f"{BUILTIN}fail" in task:
                raise Failed({"failed": True, "msg": self.template(task[f"{BUILTIN}fail"]["msg"], own)})
            elif task.get(f"{BUILTIN}meta") == "end_batch":
                raise Ended
            elif ROLES in task:
                self._carry_out(task, own)
            else:
                assert f"{BUILTIN}debug" in task, task

    def _block(self, task: dict[str, t.Any], folder: Path, more: dict[str, t.Any]) -> None:
        try:
            self.run(task["block"], folder, more)
        except Failed as failure:
            if "rescue" not in task:
                raise
            self.known["ansible_failed_result"] = failure.result
            self.run(task["rescue"], folder, more)

    def _carry_out(self, task: dict[str, t.Any], more: dict[str, t.Any]) -> None:
        """Run the task that carries out roles; what each of their tasks did is in `done`."""
        self.server.variables = {**self.known, **more}
        module = ROLES.removeprefix(COLLECTION)
        result = self.server.run(module, self.template(task[ROLES], more), check=self.check)
        facts = {name: value for name, value in result.items() if name not in {"changed", "failed", "tasks"}}
        for one in result.get("tasks", ()):
            self.done.append(Done(one["task"], MODULES[one["task"]], facts | one))
        if "register" in task:
            self.known[task["register"]] = result
        if result.get("failed"):
            raise Failed(result)

    def _role(self, entry: dict[str, t.Any], more: dict[str, t.Any]) -> None:
        role, tasks = install_playbook._entry_point(entry)
        for task in tasks:
            if not self.holds(task, more):
                continue
            if REBOOT in task:
                self.server.machine.restart()
                self.done.append(Done(f"{role} : {task['name']}", REBOOT, {"changed": True, "rebooted": True}))
                continue
            module = install_playbook._module(task)
            known = {**self.known, **more}
            arguments = self.template(task[module] or {}, more)
            self.server.variables = known
            ignored = bool(entry.get("ignore_errors"))
            check = self.check or bool(entry.get("check_mode"))
            result = self.server.run(module.removeprefix(COLLECTION), arguments, check=check, ignore_errors=ignored)
            self.done.append(Done(f"{role} : {task['name']}", module.removeprefix(COLLECTION), result))
            if "register" in task:
                self.known[task["register"]] = result
            if result.get("failed") and not ignored:
                raise Failed(result)

    @property
    def msg(self) -> str:
        """Return why the run failed; empty where it did not."""
        return "" if self.failed is None else self.failed["msg"]

    @property
    def result(self) -> dict[str, t.Any]:
        """Return what became of the upgrade."""
        return self.known.get("im_agent_upgrade_result") or self.known.get("im_working_directory_result") or {}

    @property
    def operations(self) -> list[str]:
        """Return all that was done, or in check mode would have been."""
        return [operation for one in self.done for operation in one.result.get("operations", ())]


def variables(hosting: str = "iis", archive: Archive = NEW, **changes: t.Any) -> dict[str, t.Any]:
    """Return an inventory that names an archive."""
    given = {f"im_agent_{name}": value for name, value in chain.inventory(hosting=hosting).items() if value is not None}
    url = archives.URL if archive == NEW else archives.FORMER_URL
    return given | {
        "inventory_hostname": HOST,
        "im_agent_verify_timeout": 0,
        "im_agent_archive_source": url,
        "im_agent_archive_checksum": archive.checksum,
        "im_agent_upgrade": True,
        **changes,
    }


def play(server: Server, given: t.Mapping[str, t.Any], *, check: bool = False, new_run: bool = True) -> Play:
    """Run `install.yml`; what fails is in the result."""
    book = install_playbook._load(ROOT / "playbooks" / "install.yml")[0]
    known = install_playbook._defaults() | book["vars"] | {"ansible_check_mode": check} | dict(given)
    made = Play(server, known, check)
    known["ansible_play_hosts"] = known["ansible_play_hosts_all"] = [HOST]
    known["hostvars"] = {HOST: known}
    if new_run:
        server.new_run()
    try:
        first, *others = book["tasks"]
        made.run(install_playbook._imported([install_playbook._first(book)]), ROOT / "playbooks", {})
        assert f"{BUILTIN}import_role" in first
        made.run(others, ROOT / "playbooks", {})
    except Ended:
        pass
    except Failed as failure:
        made.failed = failure.result
    return made


@functools.cache
def _machine(hosting: str) -> t.Any:
    """Return a server with an agent of the former version, settled, and with files of its users'."""
    server = chain.server()
    server.machine.network.web[archives.FORMER_URL] = FORMER.content
    server.machine.network.web[archives.URL] = NEW.content
    done = play(server, variables(hosting, FORMER, im_agent_upgrade=False))
    assert not done.msg, done.msg
    files = server.machine.files
    for name, content in OWN.items():
        path = f"{chain.RUNTIME}\\{name}"
        files.make_folder(path.rpartition("\\")[0])
        files.write(path, content)
    files.set_sddl(f"{chain.RUNTIME}\\identity.pfx", "O:SYD:P(A;;FA;;;SY)(A;;FR;;;WD)")
    files.set_sddl(f"{chain.RUNTIME}\\scripts", "O:BAD:(A;OICI;FR;;;AU)")
    server.machine.clock.wait(10)
    again = play(server, variables(hosting, FORMER, im_agent_upgrade=False))
    assert not again.msg, again.msg
    assert again.operations == []
    return server.machine


def server(hosting: str = "iis") -> Server:
    """Return a copy of such a server."""
    return Server(_machine(hosting).copy())


def carried(machine: t.Any) -> dict[str, tuple[bytes, str]]:
    """Return content and rights of what an upgrade carries, and of Runtime."""
    files = machine.files
    found = {name: (files.read(f"{chain.RUNTIME}\\{name}"), files.sddl(f"{chain.RUNTIME}\\{name}")) for name in OWN}
    for name in files.children(chain.RUNTIME):
        if name.lower().startswith("appsettings") and name.endswith(".json"):
            found[name] = (files.read(f"{chain.RUNTIME}\\{name}"), files.sddl(f"{chain.RUNTIME}\\{name}"))
    return found | {folder: (b"", files.sddl(f"{chain.RUNTIME}{folder}")) for folder in ("", "\\scripts")}


def outside(machine: t.Any) -> str:
    """Return what an upgrade must not change: IIS's configuration, services, HTTP.sys, certificates."""
    dump = machine.dump()
    iis = {key: value for key, value in (dump["iis"] or {}).items() if key not in {"workers", "app_restarts"}}
    services = {name: {k: v for k, v in one.items() if k != "started"} for name, one in dump["services"].items()}
    return json.dumps([iis, services, dump["certificates"], dump["registry"]], sort_keys=True)


def version(machine: t.Any) -> str:
    """Return the checksum of the version in Runtime; empty where there is none."""
    path = f"{chain.RUNTIME}\\.im-runtime"
    return machine.files.text(path).strip() if machine.files.is_file(path) else ""


def runs(machine: t.Any, hosting: str) -> bool:
    """Tell whether the agent runs."""
    if hosting == "service":
        return machine.services.get(chain.SERVICE).state == "Running"
    return machine.iis.pool_state(chain.POOL) == "Started" and machine.iis.site_state(chain.SITE) == "Started"


def rollback(server: Server, given: t.Mapping[str, t.Any]) -> Play:
    """Run `rollback.yml`."""
    first, second = install_playbook._load(ROOT / "playbooks" / "rollback.yml")
    known = install_playbook._defaults() | {"ansible_check_mode": False, "im_agent_upgrade": False} | dict(given)
    made = Play(server, known, check=False)
    server.new_run()
    try:
        made.run(first["tasks"], ROOT / "playbooks", {})
    except Failed as failure:
        made.failed = failure.result
        return made
    taken = made.known["im_agent_rollback_result"]
    return play(server, {**given, "im_agent_rollback_result": taken, **second["vars"]}, new_run=False)
