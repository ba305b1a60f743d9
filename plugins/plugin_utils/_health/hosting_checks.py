# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The checks of how IIS, or Windows as a service, hosts the agent: what is served, as whom, and after a restart too."""

from __future__ import annotations

import base64
import typing as t

from .._agent import asp_net_core
from .._core import probe
from .._core.plan import Refused
from .._core.probe import Ask
from .._windows import account_name, iis_config, windows_path
from . import questions, running
from .check import Check, State, verdict
from .wanted import Wanted

PROGRAM = "usercube-agent"
_SPECIFIC, _OWN = "SpecificUser", "ApplicationPoolIdentity"
_BY_ITSELF = {"automatic", "delayed"}
_OWNER = "learn.microsoft.com/windows/win32/cimwin32prov/getownersid-method-in-class-win32-process"
_PAGE = "learn.microsoft.com/iis/configuration/system.applicationhost/applicationpools/add/processmodel"


def checks(wanted: Wanted, ask: Ask) -> t.Iterator[Check]:
    """Yield what is served, as whom it runs, and whether it starts with Windows; nothing where it is not there."""
    if wanted.service:
        service = ask(probe.service(wanted.service))
        if service:
            yield _identity(wanted, ask, str(service["account"] or "LocalSystem"), f"service {wanted.service}")
            yield from _process(wanted, ask, [service], f"service {wanted.service}")
            yield _starts(f"service {wanted.service}", str(service["start_mode"]), service["start_mode"] in _BY_ITSELF)
        return
    answer = ask(questions.configuration())
    if answer is None:
        return
    try:
        found = iis_config.parse(iis_config.content(answer))
    except Refused as refusal:
        words = f"{wanted.pool} of {wanted.site}"
        yield Check("serves_agent", f"site {wanted.site}", State.UNKNOWN, "nothing", words, reason=str(refusal))
        return
    site, pool = found.site(wanted.site), found.pool(wanted.pool)
    if site:
        yield _served(wanted, ask, site)
    if pool:
        yield _identity(wanted, ask, _runs_as(pool), f"application pool {wanted.pool}")
    yield from _process(wanted, ask, running.workers(wanted, ask), f"application pool {wanted.pool}")
    if site and pool:
        off = [
            f'{what} has {name}="false"'
            for what, name, on in (
                ("the pool", "autoStart", pool.attributes.get("autoStart", True)),
                ("the site", "serverAutoStart", site.starts),
            )
            if str(on).lower() == "false"
        ]
        yield _starts(f"site {wanted.site}", ", ".join(off) or "it starts by itself", not off)


def _served(wanted: Wanted, ask: Ask, site: iis_config.Site) -> Check:
    """Return whether the site leads to Runtime, in the agent's pool, and web.config starts the agent."""
    runtime = wanted.folders.path("Runtime")
    program = _program(ask(questions.web_config(wanted)))
    wrong = []
    if not windows_path.same(windows_path.expand(site.path, ask(probe.host())["system_root"]), runtime):
        wrong.append(f"the folder {site.path}")
    if site.pool.lower() != wanted.pool.lower():
        wrong.append(f"the application pool {site.pool}")
    if program is not None and PROGRAM not in program.lower():
        wrong.append("web.config that starts another program")  # its arguments may be secrets
    causes = ("Somebody has changed the site or web.config by hand; another application answers here.",)
    remedy = "Run im_site and im_settings again: im_agent_runtime_path, im_agent_pool_name."
    told = (remedy, causes) if wrong else ("", ())
    words = f"the agent of {runtime} in {wanted.pool}"
    return Check(
        "serves_agent", f"what site {wanted.site} serves", verdict(not wrong), "; ".join(wrong) or words, words, *told
    )


def _program(answer: t.Mapping[str, t.Any] | None) -> str | None:
    """Return what web.config lets IIS's module start, None where there is no file that says so."""
    core = next(iter(asp_net_core.elements(base64.b64decode((answer or {}).get("content") or ""))), None)
    return None if core is None else f"{core.get('processPath', '')} {core.get('arguments', '')}".strip()


def _runs_as(pool: iis_config.Pool) -> str:
    kind = str(pool.attributes.get("processModel.identityType", _OWN))
    if kind == _SPECIFIC:
        return str(pool.attributes.get("processModel.userName") or "")
    return account_name.of_pool(pool.name) if kind == _OWN else kind


def _identity(wanted: Wanted, ask: Ask, found: str, of: str) -> Check:
    """Return whether a pool or service is set to run as the identity that the rights were given to."""
    name = f"identity of {of}"
    words = wanted.identity.name
    try:
        sid = wanted.identity.sid(ask)
    except Refused as refusal:
        return Check("identity", name, State.UNKNOWN, found, words, reason=str(refusal))
    own = account_name.of(found).sid
    same = found.lower() == words.lower() or own == sid
    if not same and not own:
        known = ask(probe.account(found))[0]
        same = bool(known) and str(known["sid"]) == sid
    causes = (
        "Somebody has set another identity by hand.",
        "The inventory names another account than the last installation did.",
    )
    remedy = "Run im_pool or im_service again with im_agent_identity_username and im_agent_identity_password."
    told = ("", ()) if same else (remedy, causes)
    return Check("identity", name, verdict(same), found or "no account", words, told[0], told[1], page=_PAGE)


def _process(wanted: Wanted, ask: Ask, processes: t.Iterable[t.Mapping[str, t.Any]], of: str) -> t.Iterator[Check]:
    """Yield whether the agent's process runs as the identity that the rights were given to; nothing where nobody tells.

    It keeps the identity that it was started with, whatever pool or service are set to afterwards.
    """
    owners = {str(one["owner"]) for one in processes if one.get("owner")}
    try:
        sid = wanted.identity.sid(ask)
    except Refused:
        return  # the check of what is set tells it
    others = sorted(owners - {sid})
    if not owners:
        return
    causes = (
        "It was started before the identity was changed, and nothing has started it anew since.",
        "A process of the former identity has not ended yet.",
    )
    remedy = "Run restart.yml; a pool with disallowRotationOnConfigChange is not recycled by itself."
    found = ", ".join(others) or wanted.identity.name
    words = f"{wanted.identity.name} ({sid})" if others else wanted.identity.name
    told = (remedy, causes) if others else ("", ())
    name = f"identity of the process of {of}"
    yield Check("process_identity", name, verdict(not others), found, words, told[0], told[1], page=_OWNER)


def _starts(of: str, found: str, by_itself: bool) -> Check:
    causes = ("Somebody has switched its start off by hand: it runs until the next restart of Windows.",)
    remedy = "Run im_pool and im_site again, or im_service where the agent is a service."
    told = ("", ()) if by_itself else (remedy, causes)
    return Check(
        "starts_with_windows",
        f"start of {of} with Windows",
        verdict(by_itself),
        found,
        "a start with Windows",
        *told,
    )
