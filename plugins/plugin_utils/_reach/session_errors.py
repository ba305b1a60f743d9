# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What WinRM says of a session that it does not begin, or has ended, and what to do.

Codes and words: learn.microsoft.com "[MS-WSMV] 3.1.4.5.2.1 wsman:QuotaLimit", the names of wsmerror.h in
PowerShell/PowerShell's CimChildJobBase.cs, and what WinRb/WinRM issue 253, WinRb/winrm-fs issue 15 and ansible/ansible
issue 39327 quote. pywinrm shows a fault's reason and its code, pypsrp its message.
"""

from __future__ import annotations

import re

_LISTED = "Get-WSManInstance -ResourceURI shell -Enumerate on the server lists them"
_WINRS = "winrm set winrm/config/winrs"
_SERVICE = "winrm set winrm/config/service"
_PLUGIN = "for psrp also at its plugin, WSMan:\\localhost\\Plugin"
ERRORS: tuple[tuple[str, str, str], ...] = (
    (
        "quota",
        r"215085(?:9173|9236)|maximum number of (?:\d+ )?(?:concurrent )?shells",
        f"the account has as many shells on the server as WinRM allows (MaxShellsPerUser): wait until those of other or"
        f' killed runs have ended ({_LISTED}), or raise it: {_WINRS} @{{MaxShellsPerUser="30"}}, {_PLUGIN}',
    ),
    (
        "quota",
        r"215085(?:9174|9240)|maximum number of (?:\d+ )?(?:concurrent )?operations",
        "the account has as many operations under way on the server as WinRM allows (MaxConcurrentOperationsPerUser):"
        f' wait until other runs have ended, or raise it: {_SERVICE} @{{MaxConcurrentOperationsPerUser="1500"}},'
        f" {_PLUGIN}",
    ),
    (
        "quota",
        r"215085(?:9179|9237)|maximum number of (?:\d+ )?(?:concurrent )?users",
        "as many accounts use the server as WinRM allows (MaxConcurrentUsers): wait until others have ended, or raise"
        f' it: {_WINRS} @{{MaxConcurrentUsers="10"}}, {_PLUGIN}',
    ),
    (
        "quota",
        r"OutOfMemoryException|paging file is too small",
        "the shell has used up its memory: raise MaxMemoryPerShellMB if it is below 1024"
        f' ({_WINRS} @{{MaxMemoryPerShellMB="1024"}}, {_PLUGIN}), or the server itself has too little',
    ),
    (
        "quota",
        r"maximum number of (?:concurrent )?(?:connections|commands)|\bquota\b",
        "a quota of WinRM is used up: wait until other runs have ended, or raise it (winrm get winrm/config shows all)",
    ),
    (
        "session",
        r"2150858843|shell was not found|invalid selectors",
        "the server had ended the session when it was used again: WinRM was restarted, or nothing was asked for longer"
        " than its IdleTimeout (winrm get winrm/config/winrs; a policy may set it). Run again, and raise IdleTimeout if"
        " it is shorter than the longest wait of a task",
    ),
)
"""The word for the table, a pattern of what clients show, cause and remedy; the first that fits counts."""


# 400 is for a message that was encrypted for another connection: ansible-core's winrm.py. Windows ends one that is idle
# for two minutes: adityatelange/evil-winrm-py issue 3, jborean93/pypsrp issue 53.
_BROKEN = r"Connection aborted|[Cc]onnection reset by peer|Remote end closed connection|Broken pipe|Code:? 400\b"


def of(error: str, *, answers: bool) -> tuple[str, str] | None:
    """Return the word and the sentence for what a client shows; None where it is not about sessions.

    Args:
        error: what the client shows.
        answers: whether the listener answered the controller afterwards.
    """
    if answers and re.search(_BROKEN, error):
        return "session", (
            "the connection broke in the middle, and the listener answers again: WinRM was restarted (an update, a"
            " policy), or something between ends connections (a firewall, a load balancer), and what is encrypted for"
            " one connection counts on no other. Run again"
        )
    return next(((kind, sentence) for kind, pattern, sentence in ERRORS if re.search(pattern, error)), None)
