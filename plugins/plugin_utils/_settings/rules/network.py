# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The product's rules on how browsers reach the agent: cross-origin requests, and a reverse proxy in front."""

from __future__ import annotations

from ..._agent.settings_files import GENERAL
from ..tree import get
from .known import CORS_FLAGS
from .rule import INS, RP, A, Found, Rule, Settings, is_true


def _flags_off(s: Settings) -> list[str]:
    return [key for key in CORS_FLAGS if not is_true(get(s.general, "Cors", key))]


def _cors_partly(s: Settings) -> Found:
    off = _flags_off(s)
    if not s.reverse_proxy and get(s.general, "Cors") and 0 < len(off) < len(CORS_FLAGS):
        yield GENERAL, f"Cors.{off[0]}", "it not true beside others that are"


def _proxy_cors(s: Settings) -> Found:
    for key in _flags_off(s) if s.reverse_proxy else ():
        yield GENERAL, f"Cors.{key}", "it not true behind a reverse proxy"


def _proxy_hosting(s: Settings) -> Found:
    if s.reverse_proxy and not s.service:
        yield GENERAL, "(hosting)", "IIS behind a reverse proxy"


RULES = (
    Rule("cors-partly", "warning", "wanted all three for an agent of its own: browsers call it", A, _cors_partly),
    Rule(
        "proxy-cors",
        "error",
        "wanted all three flags true: browsers call the agent from the server's pages, under the proxy's name",
        RP,
        _proxy_cors,
    ),
    Rule(
        "proxy-hosting",
        "warning",
        "wanted the Windows service (hosting: service), which the vendor advises there: IIS is one proxy more",
        INS,
        _proxy_hosting,
    ),
)
