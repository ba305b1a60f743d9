# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
r"""What a path begins with, a drive or a share, and whether the server has it: nothing can make one by the way."""

from __future__ import annotations

from .._core import probe
from .._core.plan import Refused
from .._core.probe import Ask, Query


def root(path: str) -> str:
    r"""Return the drive (``C:\``) or share (``\\server\share``) of an absolute path."""
    return path[:3] if path[1:2] == ":" else "\\".join(path.split("\\")[:4])


def question(path: str) -> Query:
    """Return what ``check`` asks."""
    return probe.file(root(path), 0)


def check(where: str, path: str, ask: Ask) -> None:
    """Raise Refused where the server has no such drive, or sees no such share.

    Args:
        where: the option that has the path, as the message names it.
        path: an absolute one.
        ask: the server.
    """
    if ask(question(path)) is not None:
        return
    if path[1:2] == ":":
        raise Refused(
            f"{where}: found no drive {path[:2]} on the server, wanted it for {path}: add the drive, or name a folder"
            " on another one"
        )
    # learn.microsoft.com "Making the second hop in PowerShell Remoting": without CredSSP or delegation the connection's
    # account is nobody on a further server.
    raise Refused(
        f"{where}: found no share {root(path)} that this connection sees, wanted it for {path}: name a folder on a"
        " drive of the server, or let the connection's account reach the share (CredSSP, or Kerberos with delegation)"
    )
