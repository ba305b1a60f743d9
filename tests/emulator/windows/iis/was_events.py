"""What the process activation service writes into the log System.

learn.microsoft.com "IIS Application Pool Availability" and "IIS Application Pool Identity" have the texts.
"""

from __future__ import annotations

from ..system.events import EventLog

PROVIDER = "Microsoft-Windows-WAS"


def refused_logon(log: EventLog, pool: str) -> None:
    """Note that a pool's account cannot log on."""
    invalid = (
        f"The identity of application pool {pool} is invalid. The user name or password that is specified for the"
        " identity may be incorrect, or the user may not have batch logon rights."
    )
    disabled = (
        f"Application pool {pool} has been disabled. Windows Process Activation Service (WAS) did not create a"
        " worker process to serve the application pool because the application pool identity is invalid."
    )
    log.add("System", PROVIDER, 5021, "Warning", invalid)
    log.add("System", PROVIDER, 5057, "Error", disabled)


def crashed(log: EventLog, pool: str, process_id: int) -> None:
    """Note that a worker has ended by itself; the exit code is that of an unhandled .NET exception."""
    message = (
        f"A process serving application pool '{pool}' terminated unexpectedly. The process id was '{process_id}'."
        " The process exit code was '0xe0434352'."
    )
    log.add("System", PROVIDER, 5009, "Warning", message)


def disabled_after_crashes(log: EventLog, pool: str) -> None:
    """Note that a pool is stopped after too many failures."""
    message = (
        f"Application pool '{pool}' is being automatically disabled due to a series of failures in the process(es)"
        " serving that application pool."
    )
    log.add("System", PROVIDER, 5002, "Error", message)
