# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The attributes of an application pool: types, defaults, named values and ranges, after the schema of IIS 10
(IIS_schema.xml).
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

_TIME_SPAN = re.compile(r"(?:(\d+)\.)?(\d+):([0-5]?\d):([0-5]?\d)")


@dataclasses.dataclass(frozen=True)
class Attribute:
    """One attribute.

    Attributes:
        type: string, bool, uint, int, enum, flags or timeSpan.
        default: the schema's, as text.
        values: the names of an enum or of flags.
        range: least, greatest and step; seconds for a timeSpan.
    """

    type: str
    default: str = ""
    values: tuple[str, ...] = ()
    range: tuple[int, int, int] | None = None


ATTRIBUTES = {
    "queueLength": Attribute("uint", default="1000", range=(10, 65535, 1)),
    "autoStart": Attribute("bool", default="true"),
    "enable32BitAppOnWin64": Attribute("bool", default="false"),
    "managedRuntimeVersion": Attribute("string"),
    "managedRuntimeLoader": Attribute("string", default="webengine4.dll"),
    "enableConfigurationOverride": Attribute("bool", default="true"),
    "managedPipelineMode": Attribute("enum", default="Integrated", values=("Integrated", "Classic")),
    "CLRConfigFile": Attribute("string"),
    "passAnonymousToken": Attribute("bool", default="true"),
    "startMode": Attribute("enum", default="OnDemand", values=("OnDemand", "AlwaysRunning")),
    "processModel.identityType": Attribute(
        "enum",
        default="ApplicationPoolIdentity",
        values=("LocalSystem", "LocalService", "NetworkService", "SpecificUser", "ApplicationPoolIdentity"),
    ),
    "processModel.userName": Attribute("string"),
    "processModel.password": Attribute("string"),
    "processModel.loadUserProfile": Attribute("bool", default="false"),
    "processModel.setProfileEnvironment": Attribute("bool", default="true"),
    "processModel.logonType": Attribute("enum", default="LogonBatch", values=("LogonBatch", "LogonService")),
    "processModel.manualGroupMembership": Attribute("bool", default="false"),
    "processModel.idleTimeout": Attribute("timeSpan", default="00:20:00", range=(0, 2592000, 60)),
    "processModel.idleTimeoutAction": Attribute("enum", default="Terminate", values=("Terminate", "Suspend")),
    "processModel.maxProcesses": Attribute("uint", default="1", range=(0, 2147483647, 1)),
    "processModel.shutdownTimeLimit": Attribute("timeSpan", default="00:01:30", range=(1, 4294967, 1)),
    "processModel.startupTimeLimit": Attribute("timeSpan", default="00:01:30", range=(1, 4294967, 1)),
    "processModel.pingingEnabled": Attribute("bool", default="true"),
    "processModel.pingInterval": Attribute("timeSpan", default="00:00:30", range=(1, 4294967, 1)),
    "processModel.pingResponseTime": Attribute("timeSpan", default="00:01:30", range=(1, 4294967, 1)),
    "processModel.logEventOnProcessModel": Attribute("flags", default="IdleTimeout", values=("IdleTimeout",)),
    "recycling.disallowOverlappingRotation": Attribute("bool", default="false"),
    "recycling.disallowRotationOnConfigChange": Attribute("bool", default="false"),
    "recycling.logEventOnRecycle": Attribute(
        "flags",
        default="Time, Requests, Schedule, Memory, IsapiUnhealthy, OnDemand, ConfigChange, PrivateMemory",
        values=(
            "Time",
            "Requests",
            "Schedule",
            "Memory",
            "IsapiUnhealthy",
            "OnDemand",
            "ConfigChange",
            "PrivateMemory",
        ),
    ),
    "recycling.periodicRestart.memory": Attribute("uint", default="0"),
    "recycling.periodicRestart.privateMemory": Attribute("uint", default="0"),
    "recycling.periodicRestart.requests": Attribute("uint", default="0"),
    "recycling.periodicRestart.time": Attribute("timeSpan", default="29:00:00", range=(0, 25920000, 60)),
    "failure.loadBalancerCapabilities": Attribute("enum", default="HttpLevel", values=("TcpLevel", "HttpLevel")),
    "failure.orphanWorkerProcess": Attribute("bool", default="false"),
    "failure.orphanActionExe": Attribute("string"),
    "failure.orphanActionParams": Attribute("string"),
    "failure.rapidFailProtection": Attribute("bool", default="true"),
    "failure.rapidFailProtectionInterval": Attribute("timeSpan", default="00:05:00", range=(60, 8640000, 60)),
    "failure.rapidFailProtectionMaxCrashes": Attribute("uint", default="5", range=(1, 2147483647, 1)),
    "failure.autoShutdownExe": Attribute("string"),
    "failure.autoShutdownParams": Attribute("string"),
    "cpu.limit": Attribute("uint", default="0", range=(0, 100000, 1)),
    "cpu.action": Attribute(
        "enum", default="NoAction", values=("NoAction", "KillW3wp", "Throttle", "ThrottleUnderLoad")
    ),
    "cpu.resetInterval": Attribute("timeSpan", default="00:05:00", range=(0, 86400, 60)),
    "cpu.smpAffinitized": Attribute("bool", default="false"),
    "cpu.smpProcessorAffinityMask": Attribute("uint", default="4294967295"),
    "cpu.smpProcessorAffinityMask2": Attribute("uint", default="4294967295"),
    "cpu.processorGroup": Attribute("int", default="0", range=(0, 2147483647, 1)),
    "cpu.numaNodeAssignment": Attribute(
        "enum", default="MostAvailableMemory", values=("MostAvailableMemory", "WindowsScheduling")
    ),
    "cpu.numaNodeAffinityMode": Attribute("enum", default="Soft", values=("Soft", "Hard")),
}


def name_of(attribute: str) -> str | None:
    """Return an attribute's name in the schema's spelling, or None when there is no such attribute."""
    return next((name for name in ATTRIBUTES if name.lower() == attribute.lower()), None)


def typed(name: str, value: t.Any) -> t.Any:
    """Return a value as its attribute's type: bool, int, text; a timeSpan as ``[d.]hh:mm:ss``.

    Args:
        name: an attribute in the schema's spelling.
        value: text as a survey or the file gives it, or the value itself.

    Raises:
        ValueError: the schema does not allow it; the text says what it allows.
    """
    attribute = ATTRIBUTES[name]
    if attribute.type == "bool":
        if str(value).lower() not in {"true", "false", "yes", "no"}:
            raise ValueError("true or false")
        return str(value).lower() in {"true", "yes"}
    if attribute.type in {"uint", "int"}:
        return _number(attribute, value)
    if attribute.type == "timeSpan":
        return _timespan(attribute, str(value))
    if attribute.type == "enum":
        found = next((known for known in attribute.values if known.lower() == str(value).lower()), None)
        if found is None:
            raise ValueError(f"one of {', '.join(attribute.values)}")
        return found
    if attribute.type == "flags":
        return _flags(attribute, value)
    return str(value)


def _flags(attribute: Attribute, value: t.Any) -> str:
    """Return a list, or a text with commas, as IIS writes it: names in the schema's order."""
    parts = value if isinstance(value, list) else str(value).split(",")
    names = {str(part).strip().lower() for part in parts} - {""}
    if names - {known.lower() for known in attribute.values}:
        raise ValueError(f"some of {', '.join(attribute.values)}, with commas between")
    return ", ".join(known for known in attribute.values if known.lower() in names)


def _number(attribute: Attribute, value: t.Any) -> int:
    low, high, _step = attribute.range or (0, 2**32 - 1, 1)
    try:
        number = int(str(value))
    except ValueError:
        number = low - 1
    if not low <= number <= high:
        raise ValueError(f"a number from {low} to {high}")
    return number


def _timespan(attribute: Attribute, text: str) -> str:
    low, high, step = attribute.range or (0, 2**32 - 1, 1)
    match = _TIME_SPAN.fullmatch(text)
    if match:
        days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
        total = (days * 24 + hours) * 3600 + minutes * 60 + seconds
        if low <= total <= high and total % step == 0:
            return timespan(total)
    whole = f", in whole {'minutes' if step == 60 else 'seconds'}"
    raise ValueError(f"a time as '[days.]hh:mm:ss' from {timespan(low)} to {timespan(high)}{whole}")


def seconds(text: str, default: int) -> int:
    """Return how many seconds a timeSpan (``[d.]hh:mm:ss``) is, ``default`` for what is none."""
    found = re.fullmatch(r"(?:(\d+)\.)?(\d+):(\d+):(\d+)", text)
    if not found:
        return default
    days, hours, minutes, rest = (int(part or 0) for part in found.groups())
    return ((24 * days + hours) * 60 + minutes) * 60 + rest


def timespan(seconds: int) -> str:
    """Return seconds as ``[d.]hh:mm:ss``, which IIS takes."""
    days, rest = divmod(seconds, 86400)
    return f"{f'{days}.' if days else ''}{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
