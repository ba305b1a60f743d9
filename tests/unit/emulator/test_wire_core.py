"""The protocol core alone, bytes in and bytes out, with psrpcore's own client on the other side."""

from __future__ import annotations

import base64
import re
import uuid

import psrpcore
import pytest
from emulator.engine import Outcome
from emulator.wire import wsman
from emulator.wire.core import Core, Waiting, unwrap

PSRP = "http://schemas.microsoft.com/powershell/Microsoft.PowerShell"
ACTIONS = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/"
CREATE = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Create"


def envelope(action, body, resource=PSRP, shell=None, options=""):
    namespaces = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in wsman.NS.items())
    selector = f'<w:SelectorSet><w:Selector Name="ShellId">{shell}</w:Selector></w:SelectorSet>' if shell else ""
    return (
        "<s:Envelope"
        f" {namespaces}><s:Header><a:Action>{action}</a:Action><a:MessageID>uuid:{uuid.uuid4()}</a:MessageID>"
        f"<w:ResourceURI>{resource}</w:ResourceURI><w:MaxEnvelopeSize>512000</w:MaxEnvelopeSize>{selector}{options}</s:Header>"
        f"<s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def streams(body):
    return [base64.b64decode(data) for data in re.findall(rb"<rsp:Stream[^>]*>([^<]*)</rsp:Stream>", body)]


def opened(core):
    """Open a runspace pool with psrpcore's client."""
    pool = psrpcore.ClientRunspacePool()
    pool.open()
    creation = base64.b64encode(pool.data_to_send().data).decode()
    shell = str(uuid.uuid4()).upper()
    xml = f'<creationXml xmlns="http://schemas.microsoft.com/powershell">{creation}</creationXml>'
    status, _ = core.handle(envelope(CREATE, f'<rsp:Shell ShellId="{shell}">{xml}</rsp:Shell>'))
    assert status == 200
    status, body = core.handle(
        envelope(
            f"{ACTIONS}Receive", "<rsp:Receive><rsp:DesiredStream>stdout</rsp:DesiredStream></rsp:Receive>", shell=shell
        )
    )
    assert status == 200
    for data in streams(body):
        pool.receive_data(psrpcore.PSRPPayload(data, psrpcore.StreamType.default, None))
    while pool.next_event():
        pass
    return pool, shell


def test_a_pipeline_with_input_runs_once_and_its_output_comes_back():
    core = Core()
    pool, shell = opened(core)
    pipeline = psrpcore.ClientPowerShell(pool, no_input=False)
    pipeline.add_script("$input")
    pipeline.start()
    command = str(pipeline.pipeline_id).upper()
    first = base64.b64encode(pool.data_to_send().data).decode()
    line = (
        f'<rsp:CommandLine CommandId="{command}"><rsp:Command/><rsp:Arguments>{first}</rsp:Arguments></rsp:CommandLine>'
    )
    assert core.handle(envelope(f"{ACTIONS}Command", line, shell=shell))[0] == 200
    assert core.ready == []
    receive = envelope(
        f"{ACTIONS}Receive",
        f'<rsp:Receive><rsp:DesiredStream CommandId="{command}">stdout</rsp:DesiredStream></rsp:Receive>',
        shell=shell,
    )
    with pytest.raises(Waiting):
        core.handle(receive)
    pipeline.send("one")
    pipeline.send("two")
    pipeline.send_eof()
    while payload := pool.data_to_send():
        data = base64.b64encode(payload.data).decode()
        send = f'<rsp:Send><rsp:Stream Name="stdin" CommandId="{command}">{data}</rsp:Stream></rsp:Send>'
        assert core.handle(envelope(f"{ACTIONS}Send", send, shell=shell))[0] == 200
    (ready,) = core.ready
    assert (ready.pipeline.script, ready.pipeline.lines, ready.pipeline.connection) == (
        "$input",
        ("one", "two"),
        "psrp",
    )
    core.finish(ready, Outcome(("answer",), ("trouble",), 3))
    status, body = core.handle(receive)
    assert status == 200
    assert b"CommandState/Done" in body
    for data in streams(body):
        pool.receive_data(psrpcore.PSRPPayload(data, psrpcore.StreamType.default, pipeline.pipeline_id))
    seen = []
    while event := pool.next_event():
        seen.append(event)
    assert "answer" in [getattr(event, "data", None) for event in seen]
    assert any(isinstance(event, psrpcore.PipelineHostCallEvent) for event in seen)


REFUSED = {
    "no xml": (b"hello", 400),
    "no envelope": (b"<a/>", 400),
    "unknown shell": (envelope(f"{ACTIONS}Receive", "<rsp:Receive/>", shell="nobody"), 500),
    "unknown action": (envelope("http://x/Dance", "<x/>", shell="nobody"), 500),
    "pool without creationXml": (envelope(CREATE, "<rsp:Shell/>"), 500),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_request_is_refused(name):
    data, expected = REFUSED[name]
    assert Core().handle(data)[0] == expected


def test_an_answer_relates_to_its_request_word_for_word():
    request = envelope(CREATE, "<rsp:Shell/>", resource=wsman.WINRS)
    message = re.search(rb"<a:MessageID>([^<]*)<", request)[1]
    status, body = Core().handle(request)
    assert status == 200
    assert b"<a:RelatesTo>" + message + b"</a:RelatesTo>" in body


def test_a_lost_shell_is_told_and_its_late_outcome_is_no_error():
    core = Core()
    request = envelope(CREATE, "<rsp:Shell/>", resource=wsman.WINRS)
    shell = re.search(rb'Name="ShellId">([^<]*)<', core.handle(request)[1])[1].decode()
    encoded = base64.b64encode("whoami".encode("utf-16-le")).decode()
    line = (
        '<rsp:CommandLine CommandId="A"><rsp:Command>powershell -EncodedCommand'
        f" {encoded}</rsp:Command></rsp:CommandLine>"
    )
    core.handle(envelope(f"{ACTIONS}Command", line, resource=wsman.WINRS, shell=shell))
    (ready,) = core.ready
    assert ready.pipeline.script == "whoami"
    core.lose_shell(shell)
    core.finish(ready, Outcome(("x",)))
    assert core.handle(envelope(f"{ACTIONS}Receive", "<rsp:Receive/>", resource=wsman.WINRS, shell=shell))[0] == 500


def test_a_shell_in_which_a_command_runs_outlives_its_idle_time():
    time = [0.0]
    core = Core({"IdleTimeout": 60000}, lambda: time[0])
    make = envelope(CREATE, "<rsp:Shell/>", resource=wsman.WINRS)
    working, idle = (re.search(rb'Name="ShellId">([^<]*)<', core.handle(make)[1])[1].decode() for _ in range(2))
    line = '<rsp:CommandLine CommandId="A"><rsp:Command>whoami</rsp:Command></rsp:CommandLine>'
    core.handle(envelope(f"{ACTIONS}Command", line, resource=wsman.WINRS, shell=working))
    (ready,) = core.ready
    time[0] = 3600.0
    receive = '<rsp:Receive><rsp:DesiredStream CommandId="A">stdout</rsp:DesiredStream></rsp:Receive>'
    status, body = core.handle(envelope(f"{ACTIONS}Receive", receive, resource=wsman.WINRS, shell=idle))
    assert (status, b"invalid selectors" in body, f"ShellId {idle} failed".encode() in body) == (500, True, True)
    core.finish(ready, Outcome(("x",)))
    assert core.handle(envelope(f"{ACTIONS}Receive", receive, resource=wsman.WINRS, shell=working))[0] == 200


def test_encoded_commands_are_unwrapped_however_deep():
    text = "Get-Item x"
    for _ in range(3):
        text = f"powershell -NoProfile -EncodedCommand {base64.b64encode(text.encode('utf-16-le')).decode()}"
    assert unwrap(text) == "Get-Item x"
