# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An installer of the controller: sent to a server that has to run it, and removed there when it has run."""

from __future__ import annotations

from .._agent.download import Download
from .._core import probe
from .._core.plan import SEND, Operation, Refused, write
from .._core.probe import Ask, Query

PATH = "C:\\Program Files\\imops-dotnet-hosting-win.exe"
"""Where an installer of the controller is while it runs: a folder that is always there, and into which only
administrators may put a file, so that nobody can lay a DLL beside it."""


def question() -> Query:
    """Ask whether an installer of the controller has been sent; only a run that was interrupted leaves one."""
    return probe.hashed(*PATH.rsplit("\\", 1))


def around(installs: Operation | None, bundle: Download, ask: Ask) -> list[Operation]:
    """Return the installation between what brings the controller's installer and what removes it; where there is none,
    the removal of what an interrupted run left.

    Args:
        installs: the installation.
        bundle: the installer.
        ask: gives the answers.

    Raises:
        Refused: the controller does not have it.
    """
    left = ask(question()) or ()
    removes = write(f"remove {PATH}, which was sent", "remove", path=PATH)
    if installs is None:
        return [removes] if left else []
    if bundle.held is None:
        raise Refused(
            f"hosting_bundle.source: found no file {bundle.source} on the controller, wanted the hosting bundle's"
            " installer"
        )
    size = -(-bundle.held.size >> 20)
    does = f"send the .NET hosting bundle from the controller ({size} MiB)"
    sends = Operation(does, SEND, {"source": bundle.held.path, "dest": PATH}, long=True)
    there = any(one["sha256"] == bundle.checksum for one in left)
    return [*([] if there else [sends]), installs, removes]
