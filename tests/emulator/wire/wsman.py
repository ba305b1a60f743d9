"""WS-Man envelopes: what is read from a request and how answers and faults are written ([MS-WSMV], DMTF DSP0226)."""

from __future__ import annotations

import base64
import dataclasses
import uuid
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape

from . import faults

NS = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "a": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "w": "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd",
    "rsp": "http://schemas.microsoft.com/wbem/wsman/1/windows/shell",
    "x": "http://schemas.xmlsoap.org/ws/2004/09/transfer",
    "p": "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd",
    "f": "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault",
}
PSRP = "http://schemas.microsoft.com/powershell/"
WINRS = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd"
ANONYMOUS = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous"
_DECLARED = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NS.items())


@dataclasses.dataclass(frozen=True)
class Request:
    """A request as its headers and body say.

    Attributes:
        action: the last part of the action's URI (Create, Command, Send, Receive, Signal, Delete).
        full_action: the whole URI.
        message_id: as given, to be told back.
        resource: the resource's URI.
        shell: the shell's id, or None.
        body: the body's element.
        options: the option set.
        envelope_size: MaxEnvelopeSize.
    """

    action: str
    full_action: str
    message_id: str
    resource: str
    shell: str | None
    body: ET.Element
    options: dict[str, str]
    envelope_size: int

    @property
    def is_psrp(self) -> bool:
        """Tell whether it is PowerShell remoting, not a command shell."""
        return self.resource.startswith(PSRP)

    def find(self, path: str) -> ET.Element | None:
        """Return an element of the body."""
        return self.body.find(path, NS)

    def command_id(self) -> str | None:
        """Return the id of the command that the body is about."""
        for path, attribute in (
            ("rsp:CommandLine", "CommandId"),
            ("rsp:Send/rsp:Stream", "CommandId"),
            ("rsp:Receive/rsp:DesiredStream", "CommandId"),
            ("rsp:Signal", "CommandId"),
        ):
            element = self.find(path)
            if element is not None:
                return element.get(attribute)
        return None


def read(data: bytes) -> Request:
    """Read a request; raises ET.ParseError or ValueError for what is none."""
    root = ET.fromstring(data)
    header, body = root.find("s:Header", NS), root.find("s:Body", NS)
    if header is None or body is None:
        raise ValueError("no SOAP envelope")

    def text(path: str) -> str:
        found = header.find(path, NS)
        return (found.text or "").strip() if found is not None else ""

    selector = header.find("w:SelectorSet/w:Selector[@Name='ShellId']", NS)
    options = {o.get("Name", ""): o.text or "" for o in header.findall("w:OptionSet/w:Option", NS)}
    action = text("a:Action")
    shell = (selector.text or "").strip() if selector is not None else None
    size = int(text("w:MaxEnvelopeSize") or "153600")
    return Request(
        action.rpartition("/")[2], action, text("a:MessageID"), text("w:ResourceURI"), shell, body, options, size
    )


def answer(request: Request, body: str, action: str | None = None) -> bytes:
    """Return an envelope that answers a request."""
    name = action or f"{request.full_action}Response"
    head = f"<a:Action>{escape(name)}</a:Action><a:MessageID>uuid:{str(uuid.uuid4()).upper()}</a:MessageID>"
    head += f"<a:To>{ANONYMOUS}</a:To><a:RelatesTo>{escape(request.message_id)}</a:RelatesTo>"
    return f"<s:Envelope {_DECLARED}><s:Header>{head}</s:Header><s:Body>{body}</s:Body></s:Envelope>".encode()


def fault(request: Request, problem: faults.Fault) -> bytes:
    """Return an envelope that says what went wrong."""
    return answer(request, faults.body(problem), "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault")


def created(request: Request, shell: str) -> bytes:
    """Return the answer to Create."""
    body = (
        f"<x:ResourceCreated><a:Address>{ANONYMOUS}</a:Address><a:ReferenceParameters><w:ResourceURI>{escape(request.resource)}</w:ResourceURI>"
        "<w:SelectorSet><w:Selector"
        f' Name="ShellId">{shell}</w:Selector></w:SelectorSet></a:ReferenceParameters></x:ResourceCreated>'
        f"<rsp:Shell><rsp:ShellId>{shell}</rsp:ShellId><rsp:ResourceUri>{escape(request.resource)}</rsp:ResourceUri>"
        "<rsp:InputStreams>stdin</rsp:InputStreams><rsp:OutputStreams>stdout stderr</rsp:OutputStreams></rsp:Shell>"
    )
    return answer(request, body)


def stream(name: str, data: bytes, command: str | None) -> str:
    """Return a Stream element."""
    which = f' CommandId="{command}"' if command else ""
    return f'<rsp:Stream Name="{name}"{which}>{base64.b64encode(data).decode()}</rsp:Stream>'


def received(request: Request, streams: list[str], command: str | None = None, exit_code: int | None = None) -> bytes:
    """Return the answer to Receive; with an exit status the command is done."""
    state = ""
    if command and exit_code is not None:
        done = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/CommandState/Done"
        state = (
            f'<rsp:CommandState CommandId="{command}"'
            f' State="{done}"><rsp:ExitCode>{exit_code}</rsp:ExitCode></rsp:CommandState>'
        )
    return answer(request, f"<rsp:ReceiveResponse>{''.join(streams)}{state}</rsp:ReceiveResponse>")
