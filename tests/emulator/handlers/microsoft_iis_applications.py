"""Modules of microsoft.iis for applications and virtual directories, line by line after the scripts, traps included."""

from __future__ import annotations

import typing as t

from ..model.call import Call, ModuleFailure, handles
from ..windows.errors import WindowsError
from ..windows.iis.applications import Applications, Place, not_there
from .microsoft_iis import installed
from .microsoft_iis_sites import full_name

EMPTY_NAME = "Cannot bind argument to parameter 'Name' because it is an empty string."


class _Changes:
    """What a call changes: nothing of it in check mode."""

    def __init__(self, call: Call) -> None:
        self._check = call.check
        self.any = False

    def make(self, change: t.Callable[[], None]) -> None:
        """Note a change, and make it where it is meant."""
        if not self._check:
            change()
        self.any = True


def _check_user(call: Call) -> None:
    if call.arguments.get("connect_as") == "specific_user":
        for option in ("username", "password"):
            if not call.arguments.get(option):
                raise ModuleFailure(f"missing required arguments: {option}")


@handles("microsoft.iis.web_application")
def web_application(call: Call) -> dict[str, t.Any]:
    """Make an application; without a pool it is put into its site's on every run."""
    _check_user(call)
    iis, changes = installed(call), _Changes(call)
    try:
        _application(call, Applications(iis.file), changes)
    except WindowsError as error:
        raise ModuleFailure(error.message, changed=changes.any) from None
    except ModuleFailure as failure:
        raise ModuleFailure(str(failure), changed=changes.any) from None
    return {"changed": changes.any}


def _application(call: Call, applications: Applications, changes: _Changes) -> None:
    arguments, iis = call.arguments, installed(call)
    name, site, path = arguments["name"], arguments["site"], arguments.get("physical_path")
    absent = arguments["state"].lower() == "absent"
    pool = arguments.get("application_pool") or (iis.site_pool(site) if iis.has_site(site) else "")
    found = applications.applications(site, name)
    if not absent and not found:
        _check_folder(call, path)
        if not name:
            raise WindowsError("System.Management.Automation.ParameterBindingException", EMPTY_NAME)
        changes.make(lambda: applications.add_application(site, name, path or "", pool))
    if absent and found:
        changes.make(lambda: applications.remove(found[0]))
    now = applications.applications(site, name)
    if not now:
        return
    place = now[0]
    if path:
        _check_folder(call, path)
        if full_name(path).lower() != applications.get(place, "physicalPath").lower():
            changes.make(lambda: applications.set(place, "physicalPath", path))
    if pool and pool.lower() != applications.pool(place).lower():
        changes.make(lambda: applications.set_pool(place, pool))
    _connect(arguments, applications, place, changes)


def _check_folder(call: Call, path: str | None) -> None:
    if not path:
        raise ModuleFailure("missing required arguments: physical_path")
    if not call.machine.files.exists(path):
        raise ModuleFailure(f"specified folder must already exist: '{path}'")


def _connect(arguments: dict[str, t.Any], applications: Applications, place: Place, changes: _Changes) -> None:
    how = (arguments.get("connect_as") or "").lower()
    for option, attribute in (("username", "userName"), ("password", "password")):
        present, wanted = applications.get(place, attribute), arguments.get(option) or ""
        if how == "pass_through" and present:
            changes.make(lambda attribute=attribute: applications.clear(place, attribute))  # type: ignore[misc]  # mypy cannot infer a lambda's defaults
        elif how == "specific_user" and present.lower() != wanted.lower():
            changes.make(lambda a=attribute, w=wanted: applications.set(place, a, w))  # type: ignore[misc]  # mypy cannot infer a lambda's defaults


@handles("microsoft.iis.virtual_directory")
def virtual_directory(call: Call) -> dict[str, t.Any]:
    """Make a virtual directory; its user is set by the next run only, and without an application that of any is taken
    for it.
    """
    arguments = call.arguments
    if (arguments.get("connect_as") or "").lower() == "specific_user":
        user, password = arguments.get("username"), arguments.get("password")
        if not user or not password:
            missing = "Username is" if password else "Password is" if user else "Both username and password are"
            raise ModuleFailure(f"{missing} required.")
    applications, changes = Applications(installed(call).file), _Changes(call)
    try:
        if arguments["state"].lower() == "absent":
            _remove_directory(call, applications, changes)
        else:
            _directory(call, applications, changes)
    except WindowsError as error:
        raise ModuleFailure(error.message, changed=changes.any) from None
    except ModuleFailure as failure:
        raise ModuleFailure(str(failure), changed=changes.any) from None
    return {"changed": changes.any}


def _directory(call: Call, applications: Applications, changes: _Changes) -> None:
    arguments = call.arguments
    name, site, application = arguments["name"], arguments["site"], arguments.get("application")
    path = arguments.get("physical_path")
    _check_folder(call, path)
    assert path is not None
    found = applications.directories(site, name, application)
    if not found:
        if not call.check and not name:
            raise WindowsError("System.Management.Automation.ParameterBindingException", EMPTY_NAME)
        changes.make(lambda: applications.add_directory(site, application or "", name, path))
        return
    # What is set goes to the path that was asked for, wherever the directory was found.
    place = applications.at(site, f"{application or ''}/{name}")
    if applications.get(found[0], "physicalPath").lower() != path.lower():
        changes.make(lambda: applications.set(_item(call, place), "physicalPath", path))
    how = (arguments.get("connect_as") or "").lower()
    for option, attribute in (("username", "userName"), ("password", "password")):
        present, wanted = applications.get(found[0], attribute), arguments.get(option) or ""
        if how == "specific_user" and present.lower() != wanted.lower():
            changes.make(lambda a=attribute, w=wanted: applications.set(_item(call, place), a, w))  # type: ignore[misc]  # mypy cannot infer a lambda's defaults
        elif how == "pass_through" and present and place is not None:
            changes.make(lambda a=attribute: applications.clear(place, a))  # type: ignore[misc]  # mypy cannot infer a lambda's defaults


def _item(call: Call, place: Place | None) -> Place:
    if place is None:
        parts = (call.arguments["site"], call.arguments.get("application"), call.arguments["name"])
        raise not_there("\\".join(part for part in parts if part))
    return place


def _remove_directory(call: Call, applications: Applications, changes: _Changes) -> None:
    arguments = call.arguments
    place = applications.at(arguments["site"], f"{arguments.get('application') or ''}/{arguments['name']}")
    if place is not None:
        changes.make(lambda: applications.remove(place))
