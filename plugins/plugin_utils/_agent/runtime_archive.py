# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The vendor's runtime archive: what is in it, what an unpacked one tells of itself, and how the server gets it."""

from __future__ import annotations

import typing as t

from .._core import probe
from .._core.plan import SEND, Operation, Refused
from .._core.probe import Ask, Query
from .._windows import windows_path
from .download import Download, is_url

MARKER = ".im-runtime"
"""The file of a Runtime folder that has the SHA-256 of the archive that it came from."""
MANIFEST = ".im-manifest"
"""The file beside it that has SHA-256, size and name of each file of that archive."""
OVERLAY = "Agent"
PROGRAM = "Usercube-Agent.dll"
PROGRAMS = r"^Usercube-[^\\]*\.(dll|exe)$"
"""The vendor's programs, by which versions are told apart: everything else in Runtime may be the users' own."""
DOWNLOAD = ".im-archive.zip"


def questions(archive: Download, root: str) -> tuple[Query, ...]:
    """Return what tells whether an archive of the controller has been sent; only an interrupted run leaves one."""
    return (probe.hashed(root, DOWNLOAD),) if archive.is_sent else ()


def fetched(archive: Download, root: str, ask: Ask, *, replaced: bool = False) -> list[Operation]:
    """Return what brings an archive to the server; nothing where the server has it.

    Args:
        archive: which one.
        root: the working directory.
        ask: gives the answers.
        replaced: whether another archive takes the place of what is there before.
    """
    if archive.is_sent:
        there = () if replaced else ask(probe.hashed(root, DOWNLOAD)) or ()
        return [] if any(one["sha256"] == archive.checksum for one in there) else [_sent(archive, root)]
    if not is_url(archive.source):
        return []
    arguments = {
        "url": archive.source,
        "dest": windows_path.join(root, DOWNLOAD),
        "checksum": archive.checksum,
        "checksum_algorithm": "sha256",
        # A complete download that an interrupted run left behind is not fetched again.
        "force": False,
        **archive.web_options,
    }
    does, module = "download the runtime archive", "ansible.windows.win_get_url"
    return [Operation(does, module, arguments, archive.is_secret, long=True)]


def _sent(archive: Download, root: str) -> Operation:
    if archive.held is None:
        raise Refused(f"archive.source: found no file {archive.source} on the controller, wanted the runtime archive")
    size = -(-archive.held.size >> 20)
    does = f"send the runtime archive from the controller ({size} MiB)"
    return Operation(does, SEND, {"source": archive.held.path, "dest": windows_path.join(root, DOWNLOAD)}, long=True)


def fields(archive: Download, root: str, folder: str) -> dict[str, t.Any]:
    """Return what the writer has to know to unpack an archive into a folder, or to compare it with one.

    Args:
        archive: which one.
        root: the working directory.
        folder: the folder.
    """
    remote = is_url(archive.source) or archive.is_sent
    return {
        "path": folder,
        "archive": windows_path.join(root, DOWNLOAD) if remote else archive.source,
        "sha256": archive.checksum,
        "overlay": OVERLAY,
        "marker": MARKER,
        "version": archive.checksum,
        "manifest": MANIFEST,
        "delete_archive": remote,
    }
