# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The variables of the agent's process: of the machine, of its application pool or service, and of web.config.

.NET loads them after all files: ``Section__Key`` is the setting ``Section:Key``, and two of them name the environment
whose files are loaded too.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._core import file_content, probe
from .._core.probe import Ask, Query
from .._windows import iis_config, windows_path
from . import asp_net_core

MACHINE = "HKLM:\\SYSTEM\\CurrentControlSet\\Control\\Session Manager\\Environment"
SERVICES = "HKLM:\\SYSTEM\\CurrentControlSet\\Services"
# Belief [environment-name]: the first comes first, as under ConfigureWebHostDefaults, learn.microsoft.com "ASP.NET Core
# runtime environments".
ENVIRONMENT_NAMES = ("ASPNETCORE_ENVIRONMENT", "DOTNET_ENVIRONMENT")
USUAL_ENVIRONMENT = "Production"
OF_MACHINE = "the machine"
_OF_THE_HOST = ("aspnetcore_", "dotnet_")
"""What begins so configures .NET itself, not the program."""


@dataclasses.dataclass(frozen=True)
class Variable:
    """A variable of the agent's process.

    Attributes:
        name: as it is written.
        value: its value.
        source: who sets it, in words.
    """

    name: str
    value: str = dataclasses.field(repr=False)
    source: str

    @property
    def setting(self) -> str:
        """Return the path of the setting that it sets; empty for one that sets none."""
        return "" if self.name.lower().startswith(_OF_THE_HOST) else self.name.replace("__", ":")


def questions(runtime: str, service: str) -> tuple[Query, ...]:
    """Return the questions about an agent's variables.

    Args:
        runtime: its Runtime folder.
        service: its service; empty for one under IIS.
    """
    if service:
        return (probe.registry(MACHINE), service_question(service))
    return (probe.registry(MACHINE), probe.file(iis_config.PATH, iis_config.MAX_BYTES), _web_config(runtime))


def service_question(name: str) -> Query:
    """Ask for the variables of a service's own."""
    return probe.registry(f"{SERVICES}\\{name}", "Environment")


def service_lines(answer: t.Mapping[str, t.Any] | None) -> tuple[str, ...]:
    """Return the variables of a service's own, each ``NAME=value``, from the answer to ``service_question``."""
    # Belief [service-variables]: a service's value Environment, a list of NAME=value, is added to the machine's;
    # learn.microsoft.com "HKLM\SYSTEM\CurrentControlSet\Services registry tree".
    value = ((answer or {}).get("values") or {}).get("Environment", {}).get("data") or []
    return tuple(str(line) for line in (value if isinstance(value, list) else [value]))


def _web_config(runtime: str) -> Query:
    return probe.file(windows_path.join(runtime, "web.config"))


def of_agent(runtime: str, service: str, ask: Ask) -> tuple[Variable, ...]:
    """Return the variables of an agent's process, each as who comes last sets it; arguments as ``questions``."""
    found: dict[str, Variable] = {}
    for source, values in ((OF_MACHINE, _registry(ask(probe.registry(MACHINE)))), *_own(runtime, service, ask)):
        for name, value in values.items():
            found[name.lower()] = Variable(name, value, source)
    return tuple(found.values())


def environment(found: t.Iterable[Variable]) -> str:
    """Return the name of the environment whose files the agent loads."""
    values = {variable.name.upper(): variable.value for variable in found}
    return next((values[name] for name in ENVIRONMENT_NAMES if values.get(name)), USUAL_ENVIRONMENT)


def _own(runtime: str, service: str, ask: Ask) -> t.Iterator[tuple[str, dict[str, str]]]:
    """Yield what sets variables for the agent alone, in words, with the variables; what comes later wins."""
    if service:
        lines = service_lines(ask(service_question(service)))
        yield f"the service {service}", dict(line.split("=", 1) for line in lines if "=" in line)
        return
    answer = ask(probe.file(iis_config.PATH, iis_config.MAX_BYTES))
    if answer:
        pool, values = iis_config.pool_variables(iis_config.content(answer), runtime)
        yield f"the application pool {pool}", values
    yield windows_path.join(runtime, "web.config"), _in_web_config(runtime, ask)


def _registry(answer: t.Mapping[str, t.Any] | None) -> dict[str, str]:
    values = (answer or {}).get("values") or {}
    return {name: value["data"] for name, value in values.items() if isinstance(value["data"], str)}


def _in_web_config(runtime: str, ask: Ask) -> dict[str, str]:
    path = windows_path.join(runtime, "web.config")
    content = file_content.of(ask(_web_config(runtime)), path, probe.USUAL_BYTES)
    return {
        variable.get("name", ""): variable.get("value", "")
        for core in asp_net_core.elements(content or b"")
        for variable in core.iterfind("environmentVariables/environmentVariable")
    }
