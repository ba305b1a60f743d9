# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The vendor's runtime archive: what is in it, what an unpacked one tells of itself, and how the server gets it."""

from __future__ import annotations

import typing as t

from .._core.plan import Operation
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


def staged(runtime: str, archive: Download) -> str:
    """Return the folder beside Runtime into which an archive is unpacked while another version runs."""
    return f"{runtime}.staged-{archive.checksum[:8]}"


def fetched(archive: Download, root: str) -> list[Operation]:
    """Return the download of an archive; none where the server has it.

    Args:
        archive: which one.
        root: the working directory.
    """
    if not is_url(archive.source):
        return []
    arguments = {
        "url": archive.source,
        "dest": windows_path.join(root, DOWNLOAD),
        "checksum": archive.checksum,
        "checksum_algorithm": "sha256",
        # A complete download that an interrupted run left behind is not fetched again.
        "force": False,
    }
    return [Operation("download the runtime archive", "ansible.windows.win_get_url", arguments, long=True)]


def fields(archive: Download, root: str, folder: str) -> dict[str, t.Any]:
    """Return what the writer has to know to unpack an archive into a folder, or to compare it with one.

    Args:
        archive: which one.
        root: the working directory.
        folder: the folder.
    """
    remote = is_url(archive.source)
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
