"""Modules of microsoft.iis for application pools, line by line after their scripts, traps included."""

from __future__ import annotations

import typing as t

from ..model.call import Call, ModuleFailure, handles
from ..windows.errors import WindowsError
from ..windows.iis.pool_settings import SCHEDULE, known_attribute, no_property
from ..windows.iis.schema import POOL
from ..windows.iis.server import Iis
from ..windows.security.descriptors import pool_sid
from ..windows.text import powershell_values

NO_IIS = (
    "Unhandled exception while executing module: The specified module 'WebAdministration' was not loaded because no"
    " valid module file was found in any module directory."
)
NULL = "Unhandled exception while executing module: You cannot call a method on a null-valued expression."
PARTS = ("cpu", "failure", "processModel", "recycling")
NO_CLASS = ("cpu.numaNodeAssignment", "cpu.numaNodeAffinityMode")
"""Enums that Microsoft.Web.Administration has no property for, so that the script does not look their names up."""


def installed(call: Call) -> Iis:
    """Return the machine's IIS.

    Raises:
        ModuleFailure: it has none.
    """
    if call.machine.iis is None:
        raise ModuleFailure(NO_IIS)
    return call.machine.iis


@handles("microsoft.iis.web_app_pool")
def web_app_pool(call: Call) -> dict[str, t.Any]:
    """Make a pool, set its attributes one by one, set its state."""
    iis, name = installed(call), call.arguments["name"]
    state = call.arguments["state"].lower()
    there = iis.has_pool(name)
    if state == "absent":
        if there and not call.check:
            iis.remove_pool(name)
        return {"changed": there}
    if not there:
        if call.check:
            return {"changed": True}
        try:
            iis.create_pool(name)
        except WindowsError as error:
            raise ModuleFailure(f"Failed to create new Web App Pool {name}: {error.message}", changed=False) from None
    before = iis.pool_state(name)  # the script keeps the object that it got before the attributes were set
    changed = not there
    for attribute, value in call.arguments["attributes"].items():
        changed = _Setting(call, iis, name, attribute, changed).set(value) or changed
    asked = _state_call(before, state)
    if asked:
        changed = True
        try:
            if not call.check:
                {"start": iis.start_pool, "stop": iis.stop_pool, "restart": iis.recycle}[asked](name)
        except WindowsError as error:
            raise ModuleFailure(f"Failed to {asked} Web App Pool {name}: {error.message}", changed=not there) from None
    return {"changed": changed}


def _state_call(before: str, state: str) -> str | None:
    if before == "Stopped":
        return "start" if state in {"started", "restarted"} else None
    return {"stopped": "stop", "restarted": "restart"}.get(state)


class _Setting:
    """One attribute of one call."""

    def __init__(self, call: Call, iis: Iis, pool: str, attribute: str, changed: bool) -> None:
        self._call, self._iis, self._pool, self._attribute, self._changed = call, iis, pool, attribute, changed

    def set(self, value: t.Any) -> bool:
        """Compare and set; return whether it was another value."""
        if isinstance(value, dict):
            value = None  # the script takes the property Value of what has one by a similar name
        if self._attribute.lower() == SCHEDULE.lower():
            return self._set_times(value)
        known = known_attribute(self._attribute)
        wanted = self._converted(known, value) if known else value
        if known and not powershell_values.differ(self._present(known), wanted):
            return False
        if self._call.check:
            return True
        try:
            if not known:
                path = f"\\\\{self._call.machine.computer_name}\\AppPools\\{self._pool}"
                raise no_property(self._attribute, path)
            self._iis.set_pool_attribute(self._pool, known, wanted)
        except WindowsError as error:
            # The value stands in the message, a password too.
            raise self._failure("set attribute to", f"Value: {powershell_values.text(wanted)}, ", error) from None
        return True

    def _present(self, known: str) -> t.Any:
        present = self._iis.pool_attribute(self._pool, known)
        return self._converted(known, present)

    def _converted(self, known: str, value: t.Any) -> t.Any:
        """Return a value as Convert-ToPropertyValue does: cast to the attribute's type, or as it is."""
        spec = POOL[known]
        if spec.type == "enum" and self._looks_up(known):
            if value is None:
                raise ModuleFailure(NULL, changed=self._changed)
            value = next((n for name, n in spec.values if name.lower() == powershell_values.text(value).lower()), value)
        made = powershell_values.cast("int" if spec.type in {"enum", "flags"} else spec.type, value)
        return value if made is None else made

    def _looks_up(self, known: str) -> bool:
        """Tell whether .NET's class has the property by the name that was given, whose case counts but for the first
        letter.
        """
        given, last = self._attribute.rpartition(".")[2], known.rpartition(".")[2]
        return known not in NO_CLASS and given[1:] == last[1:]

    def _set_times(self, value: t.Any) -> bool:
        wanted = [part.strip() for part in value.split(",")] if isinstance(value, str) else value
        wanted = wanted if isinstance(wanted, list) else [wanted]
        if self._iis.pool_schedule(self._pool) == wanted:
            return False
        if self._call.check:
            return True
        self._iis.set_pool_schedule(self._pool, [])
        for number, time in enumerate(wanted):
            try:
                self._iis.set_pool_schedule(self._pool, wanted[: number + 1])
            except WindowsError as error:
                raise self._failure("add new attribute to", f"Value: {powershell_values.text(time)}, ", error) from None
        return True

    def _failure(self, verb: str, value: str, error: WindowsError) -> ModuleFailure:
        return ModuleFailure(
            f"Failed to {verb} Web App Pool {self._pool}. Attribute: {self._attribute}, {value}Exception:"
            f" {error.message}",
            changed=self._changed,
        )


@handles("microsoft.iis.web_app_pool_info")
def web_app_pool_info(call: Call) -> dict[str, t.Any]:
    """Tell of one pool or all; a name that is missing fails."""
    iis, name = installed(call), call.arguments.get("name")
    if name and not iis.has_pool(name):
        raise ModuleFailure(
            "Failed to fetch the info of the required application pool Exception: Cannot find path"
            f" 'IIS:\\AppPools\\{name}' because it does not exist.",
            exists=False,
            app_pools=[],
        )
    found = [_info(iis, pool) for pool in ([name] if name else iis.pools())]
    return {"changed": False, "exists": bool(found), "app_pools": found}


def _info(iis: Iis, name: str) -> dict[str, t.Any]:
    stored = next(pool for pool in iis.pools() if pool.lower() == name.lower())
    attributes: dict[str, t.Any] = {
        "name": stored,
        "state": iis.pool_state(name),
        "applicationPoolSid": pool_sid(stored),
        **{part: {} for part in PARTS},
    }
    for attribute, value in iis.pool_attributes(name).items():
        if "password" in attribute.lower():
            continue
        *path, last = attribute.split(".")
        target = attributes
        for part in path:
            target = target.setdefault(part, {})
        target[last] = value
    return {"name": name, "attributes": attributes}
