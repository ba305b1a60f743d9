# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whose answer an answer is: that of HTTP.sys or IIS, which both answer before the agent does, of its module, or of an
application.

Sources: learn.microsoft.com "HTTP status codes in IIS" (substatus), "Error logging in HTTP APIs" (HTTP.sys), "Common
error troubleshooting for Azure App Service and IIS with ASP.NET Core" (500.19 to 502.5).
"""

from __future__ import annotations

import base64
import dataclasses
import re
import typing as t
from urllib.parse import urlsplit

IIS_PAGE = "learn.microsoft.com/troubleshoot/developer/webapps/iis/health-diagnostic-performance/http-status-code"
MODULE_PAGE = "learn.microsoft.com/aspnet/core/host-and-deploy/azure-iis-errors-reference"
HTTP_SYS_PAGE = "learn.microsoft.com/windows/win32/http/error-logging-in-the-http-server-api"
READ = 4096
"""Bytes of a page in which its title and its number stand."""
HTTP_SYS = "microsoft-httpapi"
_DETAILED = re.compile(r"(?:Detailed Error|HTTP Error) *-? *(\d{3}(?:\.\d{1,2})?)")
_CUSTOM = re.compile(r"<title>\s*(\d{3}) - [^<]+</title>.*(?:<h1>Server Error</h1>|id=\"header\")", re.DOTALL)
"""The short page that IIS shows to other machines, with no number below the status."""
_START_PAGE = re.compile(r"<title>\s*IIS (?:Windows Server|Windows|\d+(?:\.\d+)?)\s*</title>|iisstart\.(?:png|htm)")
_OF_HTTP_SYS = re.compile(r"Bad Request - (?:Invalid|Request Too Long)|Not Found - Invalid|Length Required - Invalid")
"""Headings of pages of HTTP.sys, by which it is told where the header Server is switched off (DisableServerHeader)."""
_BY_WINDOWS = ("negotiate", "ntlm", "basic", "digest")
"""Ways to log on that IIS's own modules ask for."""


@dataclasses.dataclass(frozen=True)
class Meaning:
    """What an answer that is not the agent's says.

    Attributes:
        words: whose answer it is.
        causes: the likeliest first, as sentences.
        remedy: what to do.
        page: where it is documented.
    """

    words: str
    causes: tuple[str, ...]
    remedy: str
    page: str = IIS_PAGE


_SETTINGS = "Run im_settings again (web.config); im_agent_strict shows what else differs."
_SITE = "Run im_site again: im_agent_host_name, im_agent_https_port and im_agent_site_name say what it binds."
_STARTS_NOT = (
    "The agent does not start: its settings, its key pairs or its rights are wrong; the Application log (provider IIS"
    " AspNetCore Module V2) and the agent's own log say why."
)
_FRAMEWORK = (
    "Install the .NET that the agent needs: im_agent_hosting_bundle_version and im_agent_hosting_bundle_source."
)
_FROM_IIS = "IIS's own answer"
_FROM_MODULE = "the answer of IIS's module for ASP.NET Core"

OF_NUMBER: dict[str, Meaning] = {
    "400": Meaning(
        "a refusal of HTTP.sys or IIS",
        (
            "The host name is none that a site is bound to.",
            "The site is bound to https and was asked over http, or the other way round.",
        ),
        _SITE,
        HTTP_SYS_PAGE,
    ),
    "401": Meaning(
        _FROM_IIS,
        ("Anonymous authentication is switched off for the site, so that IIS asks visitors to log on itself.",),
        "Switch anonymous authentication on for the site and Windows authentication off, the agent asks by itself.",
    ),
    "401.3": Meaning(
        _FROM_IIS,
        (
            "The identity of the application pool may not read the folder Runtime.",
            "Runtime inherits nothing, so that the rights on the working directory do not reach it.",
        ),
        "Run im_permissions again, for im_agent_identity_username or the pool's own identity.",
    ),
    "403": Meaning(
        _FROM_IIS,
        ("A rule of IIS forbids the request: access, addresses, TLS or a client's certificate.",),
        "Read the substatus in the site's log (column sc-substatus), and compare the site's settings.",
    ),
    "403.4": Meaning(
        _FROM_IIS, ("The site requires TLS and was asked over http.",), "Ask over https: im_agent_site_protocol."
    ),
    "403.6": Meaning(
        _FROM_IIS,
        ("The site's restrictions of addresses (ipSecurity) leave out the address that asks.",),
        "Allow the addresses of the server itself and of its visitors in the site's ipSecurity.",
    ),
    "403.7": Meaning(
        _FROM_IIS,
        ("The site demands a certificate of its visitors (sslFlags SslRequireCert).",),
        "Set 'Client certificates' of the site's SSL settings to Ignore: the agent knows none.",
    ),
    "403.14": Meaning(
        _FROM_IIS,
        (
            "web.config is missing or does not name IIS's module for ASP.NET Core, so that IIS looks for a page.",
            "The site leads to another folder than Runtime.",
        ),
        f"{_SETTINGS} The site's folder is im_agent_runtime_path.",
    ),
    "404": Meaning(
        _FROM_IIS,
        (
            "No site has this host name, and another site has answered.",
            "web.config does not start the agent, so that IIS looks for a file.",
        ),
        f"{_SITE} {_SETTINGS}",
    ),
    "421": Meaning(
        "an answer for another host name",
        ("The TLS connection was made for another host name than the request names, which shares its certificate.",),
        _SITE,
        HTTP_SYS_PAGE,
    ),
    "500": Meaning(
        "an error",
        (_STARTS_NOT,),
        "Read the Application log and the agent's own log at the time of the request.",
        MODULE_PAGE,
    ),
    "500.0": Meaning(
        _FROM_MODULE,
        ("The module could not load the agent: a file is missing, or of another architecture.", _STARTS_NOT),
        "Compare Runtime with the archive (im_agent_archive_source), and look at enable32BitAppOnWin64 of the pool.",
        MODULE_PAGE,
    ),
    "500.19": Meaning(
        _FROM_IIS,
        (
            "web.config cannot be read: it is no XML, or the pool's identity may not read it.",
            "A section of web.config is locked on the server, or unknown as its module is not installed.",
        ),
        f"{_SETTINGS} The module is part of the hosting bundle (role im_prerequisites).",
    ),
    "500.21": Meaning(
        _FROM_IIS,
        ("The handler in web.config names a module that IIS does not know: the hosting bundle came before IIS.",),
        "Repair the hosting bundle (role im_prerequisites, im_agent_hosting_bundle_source).",
        MODULE_PAGE,
    ),
    "500.30": Meaning(_FROM_MODULE, (_STARTS_NOT,), "Fix the cause that the log names; then start it.", MODULE_PAGE),
    "500.31": Meaning(
        _FROM_MODULE, ("The version of .NET that the agent needs is not installed.",), _FRAMEWORK, MODULE_PAGE
    ),
    "500.32": Meaning(
        _FROM_MODULE,
        ("The pool runs 32-bit workers and the agent has 64 bits, or the other way round.",),
        "Run im_pool again: enable32BitAppOnWin64 of im_pool_attributes.",
        MODULE_PAGE,
    ),
    "500.33": Meaning(_FROM_MODULE, ("Microsoft.AspNetCore.App is not installed.",), _FRAMEWORK, MODULE_PAGE),
    "500.34": Meaning(
        _FROM_MODULE,
        ("Another application in the pool is hosted out of process, and one pool takes one kind.",),
        "Give the agent its own pool: im_agent_pool_name.",
        MODULE_PAGE,
    ),
    "500.35": Meaning(
        _FROM_MODULE,
        ("Another application runs in the same process, and a process takes one.",),
        "Give the agent its own pool: im_agent_pool_name.",
        MODULE_PAGE,
    ),
    "500.37": Meaning(
        _FROM_MODULE,
        ("The agent did not start within startupTimeLimit (120 seconds).",),
        "Look at the server's load, and for what the agent waits in its own log.",
        MODULE_PAGE,
    ),
    "502": Meaning("no answer of the agent", (_STARTS_NOT,), "Fix the cause that the log names.", MODULE_PAGE),
    "502.5": Meaning(
        _FROM_MODULE,
        ("The agent's process did not start or does not listen: its program is missing, or its .NET.", _STARTS_NOT),
        f"{_FRAMEWORK} Compare processPath in web.config.",
        MODULE_PAGE,
    ),
    "503": Meaning(
        "HTTP.sys's own answer",
        ("The application pool is stopped or cannot start a worker: see its check, and the System log (WAS).",),
        "Correct im_agent_identity_username and im_agent_identity_password, or what ends the worker; then run im_pool.",
        HTTP_SYS_PAGE,
    ),
}
"""What the numbers mean; one that is not here means what its status means."""

START_PAGE = Meaning(
    "IIS's start page",
    ("The Default Web Site has answered: no site is bound to this host name and port.",),
    f"{_SITE} im_site_remove_defaults removes the other site where it is as Windows created it.",
)


def text_of(answer: t.Mapping[str, t.Any]) -> str:
    """Return the beginning of an answer's page."""
    return base64.b64decode(answer["body"] or "")[:READ].decode("utf-8", "replace")


def number(answer: t.Mapping[str, t.Any]) -> str:
    """Return an answer's status, with what stands behind its point where IIS tells it."""
    found = _DETAILED.search(text_of(answer))
    return found[1] if found and found[1].startswith(str(answer["status"])) else str(answer["status"])


def foreign(answer: t.Mapping[str, t.Any], host_name: str) -> Meaning | None:
    """Return what an answer means that cannot be the agent's, None for one that may be.

    Args:
        answer: of the probe or the controller.
        host_name: which was asked for.
    """
    status, text = int(answer["status"]), text_of(answer)
    headers = {name.lower(): str(value) for name, value in (answer.get("headers") or {}).items()}
    if 300 <= status < 400:
        return _redirect(headers.get("location", ""), host_name)
    if status < 400:
        return START_PAGE if _START_PAGE.search(text) else None
    pages = (_DETAILED, _CUSTOM, _OF_HTTP_SYS)
    own = any(page.search(text) for page in pages) or headers.get("server", "").lower().startswith(HTTP_SYS)
    if status == 401:
        asks = headers.get("www-authenticate", "").lower()
        own = own or asks.startswith(_BY_WINDOWS)
    elif status in {404, 421} or status >= 500:
        own = True
    if not own:
        return None
    found = number(answer)
    return OF_NUMBER.get(found) or OF_NUMBER.get(str(status)) or OF_NUMBER["500" if status >= 500 else "400"]


def _redirect(location: str, host_name: str) -> Meaning | None:
    """Return what a redirect means that leads away from the agent."""
    there = urlsplit(location).hostname or ""
    if not there or there.lower() == host_name.lower():
        return None
    return Meaning(
        f"a redirect to {there}",
        (
            "A redirect of IIS is set for the site (httpRedirect in web.config), or a rule of URL Rewrite.",
            "Another site has answered, which sends its visitors on.",
        ),
        f"Remove the redirect from web.config; {_SETTINGS}",
        "learn.microsoft.com/iis/configuration/system.webserver/httpredirect",
    )
