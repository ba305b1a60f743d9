"""What WinRM answers where it cannot do what was asked.

Words, codes and form are those that Windows sent to others:

- shells: learn.microsoft.com "[MS-WSMV] 3.1.4.5.2.1 wsman:QuotaLimit"; test-kitchen/test-kitchen issue 656
- operations: WinRb/winrm-fs issue 15, jbrekelmans/go-winrm issue 16, ansible/ansible pull request 83656
- a shell that is gone: WinRb/WinRM issue 253, Orange-Cyberdefense/GOAD issue 310
- no answer in time: the tests of pywinrm

Reason and message are two texts: pywinrm shows the reason, pypsrp the message.
"""

from __future__ import annotations

from xml.sax.saxutils import escape

TIMED_OUT, NO_SHELL, MAX_SHELLS, MAX_OPERATIONS = 2150858793, 2150858843, 2150859173, 2150859174
_WMI = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/MSFT_WmiError"
_CANNOT = "The WS-Management service cannot process the request"
_UNEXPECTED = "http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail/UnexpectedSelectors"


class Fault(Exception):
    """A request that is answered with a fault.

    Args:
        code: WinRM's number for it.
        reason: what pywinrm shows.
        message: what pypsrp shows; the reason where there is no other.
        subcode: what kind of fault it is for WS-Management.
        detail: the URI that tells more.
        provider: whether it is told as an error of WMI, which both clients read in another way.
    """

    def __init__(
        self,
        code: int,
        reason: str,
        message: str = "",
        *,
        subcode: str = "w:InternalError",
        detail: str = "",
        provider: bool = False,
    ) -> None:
        super().__init__(message or reason)
        self.code, self.reason, self.subcode, self.detail, self.provider = code, reason, subcode, detail, provider

    @property
    def blames(self) -> str:
        """Return whose fault it is: who asked for too much, or for what is not there, is to blame."""
        return "s:Sender" if self.subcode in {"w:QuotaLimit", "w:InvalidSelectors"} else "s:Receiver"


def no_shell(name: str) -> Fault:
    """Return the answer to who uses a shell that is not there, or no longer."""
    return Fault(
        NO_SHELL,
        f"{_CANNOT} because the request contained invalid selectors for the resource. ",
        f"The request for the Windows Remote Shell with ShellId {name} failed because the shell was not found on the"
        " server. Possible causes are: the specified ShellId is incorrect or the shell no longer exists on the server."
        " Provide the correct ShellId or create a new shell and retry the operation. ",
        subcode="w:InvalidSelectors",
        detail=_UNEXPECTED,
    )


def too_many_shells(allowed: int) -> Fault:
    """Return the answer to who has as many shells as MaxShellsPerUser allows."""
    closing = "Close existing shells or raise the quota for this user. "
    return Fault(
        MAX_SHELLS,
        f"{_CANNOT}. The maximum number of concurrent shells for this user has been exceeded. {closing}",
        f"{_CANNOT}. This user is allowed a maximum number of {allowed} concurrent shells, which has been exceeded."
        f" {closing}",
        subcode="w:QuotaLimit",
    )


def too_many_operations(allowed: int) -> Fault:
    """Return the answer to who has as many operations as MaxConcurrentOperationsPerUser allows."""
    closing = "Close existing operations for this user, or raise the quota for this user. "
    return Fault(
        MAX_OPERATIONS,
        f"{_CANNOT}. The maximum number of concurrent operations for this user has been exceeded. {closing}",
        f"{_CANNOT}. This user is allowed a maximum number of {allowed} concurrent operations, which has been exceeded."
        f" {closing}",
        provider=True,
    )


def timed_out() -> Fault:
    """Return the answer to a Receive for which nothing came in time."""
    return Fault(
        TIMED_OUT,
        "The WS-Management service cannot complete the operation within the time specified in OperationTimeout.  ",
        subcode="w:TimedOut",
    )


def body(problem: Fault) -> str:
    """Return the body of an envelope that says what went wrong."""
    more = f"<w:FaultDetail>{problem.detail}</w:FaultDetail>" if problem.detail else ""
    told = _of_wmi(problem) if problem.provider else _of_winrm(problem)
    return (
        f"<s:Fault><s:Code><s:Value>{problem.blames}</s:Value><s:Subcode><s:Value>{problem.subcode}</s:Value>"
        f'</s:Subcode></s:Code><s:Reason><s:Text xml:lang="en-US">{escape(problem.reason)}</s:Text></s:Reason>'
        f"<s:Detail>{more}{told}</s:Detail></s:Fault>"
    )


def _of_winrm(problem: Fault) -> str:
    return (
        f'<f:WSManFault Code="{problem.code}" Machine="emulated"><f:Message>{escape(str(problem))}</f:Message>'
        "</f:WSManFault>"
    )


def _of_wmi(problem: Fault) -> str:
    return (
        f'<m:MSFT_WmiError xmlns:m="{_WMI}"><m:CIMStatusCode>27</m:CIMStatusCode>'
        f"<m:Message>{escape(str(problem))}</m:Message><m:MessageID>HRESULT {problem.code:#x}</m:MessageID>"
        f"<m:error_Category>30</m:error_Category><m:error_Code>{problem.code}</m:error_Code>"
        "<m:error_Type>HRESULT</m:error_Type></m:MSFT_WmiError>"
    )
