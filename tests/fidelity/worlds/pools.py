"""Application pools of IIS: web_app_pool, web_app_pool_info."""

from __future__ import annotations

import re
import typing as t

from emulator.windows.iis.schema_values import CAST
from hypothesis import strategies as st

from .. import web_server
from ..iis_world import IisWorld
from ..known import Difference, Known
from ..world import HERE, Sequence, Step

POOL, INFO = (f"microsoft.iis.{name}" for name in ("web_app_pool", "web_app_pool_info"))
FIRST, SECOND = f"{HERE} one", f"{HERE}-two"
STATES = ("present", "present", "present", "started", "stopped", "restarted", "absent")

USUAL = {
    "managedRuntimeVersion": ("", "v4.0", "v2.0", "V4.0", "No Managed Code"),
    "startMode": ("AlwaysRunning", "OnDemand", "alwaysrunning", 1, 0, "1"),
    "managedPipelineMode": ("Integrated", "Classic", 1),
    "autoStart": (True, False, "false", "no", 0, "", 1),
    "enable32BitAppOnWin64": (True, False, "True"),
    "queueLength": (1000, 10, "2000", 65535, 2000.4),
    "processModel.idleTimeout": ("00:20:00", "00:00:00", 0, "0", "1.00:00:00", "00:05"),
    "processModel.loadUserProfile": (True, False),
    "processModel.identityType": (
        "ApplicationPoolIdentity",
        "SpecificUser",
        "LocalSystem",
        "networkservice",
        2,
        3,
        "4",
    ),
    "processModel.userName": ("", "CORP\\svc", "corp\\SVC", "h\u00e4ns"),
    "processModel.password": ("", "Secret1", "secret1", "p\u00e4ss&<w>\"\u65e5'"),
    "processModel.maxProcesses": (1, 0, "4"),
    "recycling.periodicRestart.time": ("00:00:00", "1.05:00:00", "29:00:00", 0),
    "recycling.periodicRestart.privateMemory": (0, 4294967295, "1024"),
    "recycling.logEventOnRecycle": ("Time", "Time, Memory", 3, "Time,Memory"),
    "failure.rapidFailProtection": (True, False),
    "failure.loadBalancerCapabilities": ("TcpLevel", "HttpLevel", 1),
    "cpu.limit": (0, 50000, "100"),
    "cpu.action": ("NoAction", "KillW3wp", "throttle", 3),
    "cpu.smpProcessorAffinityMask": (4294967295, 1, "0xff"),
}
ODD = {
    "queueLength": (9, 65536, -1, "many", "", True, None),
    "startMode": ("Sometimes", 7, "", True, None),
    "managedpipelinemode": ("Classic", "classic", 1),
    "MANAGEDRUNTIMEVERSION": ("v4.0", 4, 4.5, True, None),
    "processModel.identityType": ("Nobody", 9, "", False),
    # No null: what WebAdministration makes of one for a time span is not documented, and the double may be wrong.
    "processModel.idleTimeout": (20, "20", "00:20:30", "31.00:00:00", "soon", "", "24:00:00", "-00:01:00", True),
    "processmodel.IDLETIMEOUT": ("00:01:00",),
    "processModel.logEventOnProcessModel": ("IdleTimeout", "None", 0, 1),
    "recycling.logEventOnRecycle": ("Never", 256, "", 0, "memory,time", None),
    "recycling.periodicRestart.time": (1, "23:59:30", "300.00:00:00"),
    "recycling.periodicRestart.schedule": ("00:00:00", "03:00:00,21:00:00", ["04:00:00"], [], "noon"),
    "cpu.limit": (100001, "5%", 1.5),
    "cpu.action": (4, "Kill"),
    "cpu.nothing": (1, "x"),
    "nothing": (1, "x", None),
    "nothing.deeper": ("x",),
    "processModel": ("x",),
    "name": (SECOND, FIRST),
    "failure.orphanActionExe": ("C:\\x y\\dump.exe", 5, False),
    "processModel.idleTimeoutAction": ("Suspend", "suspend", 1),
    "cpu.numaNodeAffinityMode": ("Hard", 1),
    "processModel.logonType": ("LogonService", 1),
}


def _names() -> st.SearchStrategy[str]:
    usual = st.sampled_from((FIRST, FIRST, SECOND, FIRST.upper()))
    odd = st.sampled_from(
        (
            f"{HERE} h\u00e4llo w\u00f6rld",
            f"{HERE} \u0442\u0435\u0441\u0442",
            f"{HERE} it's",
            f"{HERE}.net v4",
            f"{HERE}[x]",
            f"{HERE} $a`b",
            f"{HERE}{{0}}",
            f"{HERE}<x>",
            f"{HERE}/x",
            f"{HERE}:x",
            f"{HERE}\\x",
            f"{HERE}*",
            f"{HERE} " + "x" * 60,
            f" {HERE}",
            "DefaultAppPool",
        )
    )
    return st.one_of(usual, usual, usual, usual, odd)


def _attributes() -> st.SearchStrategy[dict[str, t.Any]]:
    """Return some usual attributes, and at most one odd one, which comes last: what is set before it stays."""
    usual = st.lists(st.sampled_from(sorted(USUAL)), min_size=1, max_size=4, unique=True).flatmap(
        lambda names: st.fixed_dictionaries({name: st.sampled_from(USUAL[name]) for name in names})
    )
    odd = st.sampled_from(sorted(ODD)).flatmap(lambda name: st.sampled_from(ODD[name]).map(lambda value: {name: value}))
    return st.one_of(
        usual,
        usual,
        odd,
        st.tuples(usual, odd).map(
            lambda both: {k: v for k, v in both[0].items() if k.lower() not in {n.lower() for n in both[1]}} | both[1]
        ),
    )


def _pool() -> st.SearchStrategy[Step]:
    states = st.sampled_from(STATES)
    setting = st.fixed_dictionaries({"name": _names(), "attributes": _attributes()}, optional={"state": states})
    stating = st.fixed_dictionaries({"name": _names(), "state": states})
    bad = st.sampled_from(
        (
            {},
            {"name": FIRST, "state": "Started"},
            {"name": FIRST, "state": "paused"},
            {"name": FIRST, "attributes": "queueLength=50"},
            {"name": FIRST, "attributes": "queueLength"},
            {"name": FIRST, "nothing": 1},
            {"name": 5},
        )
    )
    kinds = (setting, setting, setting, setting, stating, stating, bad)
    return st.one_of(*kinds).map(lambda arguments: Step(POOL, arguments))


def _info() -> st.SearchStrategy[Step]:
    usual = st.fixed_dictionaries({}, optional={"name": _names()})
    return st.one_of(usual, usual, usual, st.just({"nothing": 1})).map(lambda arguments: Step(INFO, arguments))


def _p(state: str = "present", check: bool = False, **attributes: t.Any) -> Step:
    given = {name.replace("__", "."): value for name, value in attributes.items()}
    return Step(POOL, {"name": FIRST, "state": state, **({"attributes": given} if given else {})}, check)


FIXED = (
    Sequence(
        {},
        (
            _p(check=True, queueLength=9),
            _p(queueLength="2000", startMode="alwaysrunning", autoStart="false", processModel__idleTimeout="20"),
            _p(check=True, queueLength=3000, cpu__action="KillW3wp"),
            _p(queueLength=9),
            _p(queueLength=2000, startMode="Sometimes"),
            _p(processModel__identityType="specificuser", processModel__password="p\u00e4ss&<w>\"\u65e5'"),
            _p(processModel__password="P\u00c4SS&<W>\"\u65e5'"),
            _p(nothing=1),
            _p(recycling__periodicRestart__schedule="03:00:00, 21:00:00"),
            _p(recycling__periodicRestart__schedule=["03:00:00", "21:00:00"]),
            _p(recycling__logEventOnRecycle="Time, Memory"),
            _p(recycling__logEventOnRecycle="Time,Memory"),
            Step(INFO, {}),
        ),
    ),
    Sequence(
        {"pools": {FIRST: {"attributes": {"autoStart": "false", "recycling.periodicRestart.time": "29:00:00"}}}},
        (
            Step(INFO, {"name": FIRST.upper()}),
            Step(INFO, {"name": SECOND}),
            _p("restarted"),
            _p("restarted", check=True),
            _p("stopped"),
            _p("stopped"),
            _p("started", recycling__periodicRestart__time="24:00:00"),
            Step(POOL, {"name": f"{HERE}<x>"}),
            Step(POOL, {"name": SECOND, "state": "absent"}),
            _p("absent", check=True),
            _p("absent"),
        ),
    ),
)


NO_PROPERTY = "Unhandled exception while executing module: Property "


def _no_property(difference: Difference) -> bool:
    real, modelled = difference.results
    named = {str(name).lower() for name in difference.arguments.get("attributes") or {}}
    said = str(real.get("msg"))
    return (
        difference.field[0] in {"changed", "failed", "msg"}
        and any(said.lower().startswith(f"{NO_PROPERTY}{name} does not exist at path ".lower()) for name in named)
        and (difference.check or f"Exception: {said.partition(': ')[2][:20]}" in str(modelled.get("msg")))
    )


def _no_log_on(difference: Difference) -> bool:
    arguments = difference.arguments
    named = {str(name).lower() for name in arguments.get("attributes") or {}}
    wakes = arguments.get("state") in {"started", "restarted"} or any(
        name in {"startmode", "autostart"} or name.startswith("processmodel.") for name in named
    )
    return wakes and not difference.check and (difference.real, difference.modelled) == ("Started", "Stopped")


def _text_for_an_element(difference: Difference) -> bool:
    real = re.fullmatch(
        r"(.+ Exception: )The element '(\w+)' cannot be set to this value\.", str(difference.real), re.DOTALL
    )
    return real is not None and str(difference.modelled).startswith(
        f"{real[1]}Property {real[2]} does not exist at path "
    )


ORDER = (
    "the script sets attributes in the order of a hashtable, which .NET draws at random for each process and .NET"
    " Framework does not; the model sets them in the order of the call, so that a refused one leaves others behind"
)
REFUSED = re.compile(r"Failed to set attribute to Web App Pool .+?\. Attribute: ([^,]+), ", re.DOTALL)


def _places(attribute: str) -> tuple[str, str]:
    """Return where the state has an attribute, and what its collection's entries begin with, in lower case."""
    *path, last = attribute.lower().split(".")
    parent = "".join(f"/{part}[0]" for part in path)
    return f"{parent}@{last}", f"{parent}/{last}[0]/"


def _in_another_order(difference: Difference) -> bool:
    """Tell whether both sides failed of the same attribute, and differ in what another one of the call sets."""
    messages = [web_server.anywhere(result.get("msg")) for result in difference.results]
    refused = REFUSED.match(messages[0])
    named = list(difference.arguments.get("attributes") or {})
    if difference.check or not refused or messages[0] != messages[1] or len(named) < 2:
        return False
    if difference.field == ("changed",):
        return True
    at = difference.field[-1].lower()
    others = [_places(name) for name in named if name.lower() != refused[1].lower()]
    return any(at == place or at.startswith(entries) for place, entries in others)


class PoolsWorld(IisWorld):
    """A server with IIS and a few pools."""

    name = "pools"
    steps: t.Mapping[str, st.SearchStrategy[Step]] = {POOL: _pool(), INFO: _info()}
    around = _pool()
    fixed = FIXED
    known = (
        Known(
            "a missing property",
            (POOL,),
            ("*",),
            "rig",
            "the rig's Get-ItemProperty throws although -ErrorAction is SilentlyContinue; the cmdlet gives nothing, and"
            " the module goes on to set the property, which fails with its own message, or in check mode is predicted",
            _no_property,
        ),
        Known(
            "an account that cannot log on",
            (POOL,),
            ("state", "*", "state"),
            "rig",
            "the double of IIS starts no worker processes; the model has WAS stop an always running pool whose account"
            " it cannot log on, as the event log of Windows shows",
            _no_log_on,
            ends=True,
        ),
        Known(
            "what was set before a refusal",
            (POOL,),
            ("state", "*", "*"),
            "engine 7",
            ORDER,
            _in_another_order,
            ends=True,
        ),
        Known(
            "whether anything was set before a refusal",
            (POOL,),
            ("changed",),
            "engine 7",
            ORDER,
            _in_another_order,
        ),
        Known(
            "a value of another type",
            (POOL,),
            ("msg",),
            "rig",
            "the double of IIS has its own message; the provider's is about an invalid cast",
            lambda d: (
                str(d.modelled).endswith(f"Exception: {CAST}")
                and str(d.real).startswith(str(d.modelled).removesuffix(CAST) + "The value '")
                and str(d.real).endswith(": the data is invalid. (Exception from HRESULT: 0x8007000D)")
            ),
        ),
        Known(
            "a string for an element with properties of its own",
            (POOL,),
            ("msg",),
            "rig",
            "the double of IIS has its own message; the provider's is not known",
            _text_for_an_element,
        ),
    )

    def start(self) -> st.SearchStrategy[t.Any]:
        """Return one pool, or two, or none but the default one."""
        attributes = st.sampled_from(
            (
                {},
                {"managedRuntimeVersion": "", "processModel.idleTimeout": "00:00:00"},
                {"autoStart": "false", "startMode": "AlwaysRunning", "recycling.periodicRestart.time": "29:00:00"},
                {"processModel.identityType": "SpecificUser", "processModel.userName": "CORP\\svc"},
            )
        )
        pool = st.fixed_dictionaries({"attributes": attributes}, optional={"state": st.just("Stopped")})
        pools = st.fixed_dictionaries({}, optional={FIRST: pool, SECOND: pool})
        return pools.map(lambda pools: {"pools": pools})
