"""The attributes of an application pool: type, default and named values, after IIS's own schema (IIS_schema.xml of IIS
10).
"""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Attribute:
    """One attribute: its type (string, bool, uint, int, enum, flags, timeSpan), default, named values and range."""

    type: str
    default: str = ""
    values: tuple[tuple[str, int], ...] = ()
    range: tuple[int, int, int] | None = None


POOL = {
    "queueLength": Attribute("uint", default="1000", range=(10, 65535, 1)),
    "autoStart": Attribute("bool", default="true"),
    "enable32BitAppOnWin64": Attribute("bool", default="false"),
    "managedRuntimeVersion": Attribute("string"),
    "managedRuntimeLoader": Attribute("string", default="webengine4.dll"),
    "enableConfigurationOverride": Attribute("bool", default="true"),
    "managedPipelineMode": Attribute("enum", default="Integrated", values=(("Integrated", 0), ("Classic", 1))),
    "CLRConfigFile": Attribute("string"),
    "passAnonymousToken": Attribute("bool", default="true"),
    "startMode": Attribute("enum", default="OnDemand", values=(("OnDemand", 0), ("AlwaysRunning", 1))),
    "processModel.identityType": Attribute(
        "enum",
        default="ApplicationPoolIdentity",
        values=(
            ("LocalSystem", 0),
            ("LocalService", 1),
            ("NetworkService", 2),
            ("SpecificUser", 3),
            ("ApplicationPoolIdentity", 4),
        ),
    ),
    "processModel.userName": Attribute("string"),
    "processModel.password": Attribute("string"),
    "processModel.loadUserProfile": Attribute("bool", default="false"),
    "processModel.setProfileEnvironment": Attribute("bool", default="true"),
    "processModel.logonType": Attribute("enum", default="LogonBatch", values=(("LogonBatch", 0), ("LogonService", 1))),
    "processModel.manualGroupMembership": Attribute("bool", default="false"),
    "processModel.idleTimeout": Attribute("timeSpan", default="00:20:00", range=(0, 2592000, 60)),
    "processModel.idleTimeoutAction": Attribute("enum", default="Terminate", values=(("Terminate", 0), ("Suspend", 1))),
    "processModel.maxProcesses": Attribute("uint", default="1", range=(0, 2147483647, 1)),
    "processModel.shutdownTimeLimit": Attribute("timeSpan", default="00:01:30", range=(1, 4294967, 1)),
    "processModel.startupTimeLimit": Attribute("timeSpan", default="00:01:30", range=(1, 4294967, 1)),
    "processModel.pingingEnabled": Attribute("bool", default="true"),
    "processModel.pingInterval": Attribute("timeSpan", default="00:00:30", range=(1, 4294967, 1)),
    "processModel.pingResponseTime": Attribute("timeSpan", default="00:01:30", range=(1, 4294967, 1)),
    "processModel.logEventOnProcessModel": Attribute("flags", default="IdleTimeout", values=(("IdleTimeout", 1),)),
    "recycling.disallowOverlappingRotation": Attribute("bool", default="false"),
    "recycling.disallowRotationOnConfigChange": Attribute("bool", default="false"),
    "recycling.logEventOnRecycle": Attribute(
        "flags",
        default="Time, Requests, Schedule, Memory, IsapiUnhealthy, OnDemand, ConfigChange, PrivateMemory",
        values=(
            ("Time", 1),
            ("Requests", 2),
            ("Schedule", 4),
            ("Memory", 8),
            ("IsapiUnhealthy", 16),
            ("OnDemand", 32),
            ("ConfigChange", 64),
            ("PrivateMemory", 128),
        ),
    ),
    "recycling.periodicRestart.memory": Attribute("uint", default="0"),
    "recycling.periodicRestart.privateMemory": Attribute("uint", default="0"),
    "recycling.periodicRestart.requests": Attribute("uint", default="0"),
    "recycling.periodicRestart.time": Attribute("timeSpan", default="29:00:00", range=(0, 25920000, 60)),
    "failure.loadBalancerCapabilities": Attribute(
        "enum", default="HttpLevel", values=(("TcpLevel", 1), ("HttpLevel", 2))
    ),
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
        "enum", default="NoAction", values=(("NoAction", 0), ("KillW3wp", 1), ("Throttle", 2), ("ThrottleUnderLoad", 3))
    ),
    "cpu.resetInterval": Attribute("timeSpan", default="00:05:00", range=(0, 86400, 60)),
    "cpu.smpAffinitized": Attribute("bool", default="false"),
    "cpu.smpProcessorAffinityMask": Attribute("uint", default="4294967295"),
    "cpu.smpProcessorAffinityMask2": Attribute("uint", default="4294967295"),
    "cpu.processorGroup": Attribute("int", default="0", range=(0, 2147483647, 1)),
    "cpu.numaNodeAssignment": Attribute(
        "enum", default="MostAvailableMemory", values=(("MostAvailableMemory", 0), ("WindowsScheduling", 1))
    ),
    "cpu.numaNodeAffinityMode": Attribute("enum", default="Soft", values=(("Soft", 0), ("Hard", 1))),
}
TIME_OF_DAY = Attribute("timeSpan", range=(0, 86340, 60))
"""The value of an entry of recycling.periodicRestart.schedule."""
