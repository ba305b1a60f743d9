# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A support bundle: its files as texts that are masked already, in a zip whose size is bounded."""

from __future__ import annotations

import dataclasses
import io
import typing as t
import zipfile

MEBIBYTE = 2**20
LEAST = 4096
"""Bytes of a log below which it is left out whole, since so little of it tells nothing."""
CUT = "(the beginning was left out: the bundle would have been too large)\n"
README = "README.txt"


@dataclasses.dataclass(frozen=True)
class Part:
    """A file of a bundle.

    Attributes:
        name: inside the zip, with slashes.
        text: what it contains, secrets masked.
        shortens: whether its end alone is worth something, as that of a log.
    """

    name: str
    text: str
    shortens: bool = False


@dataclasses.dataclass(frozen=True)
class Zip:
    """A bundle as a file.

    Attributes:
        content: the file's.
        names: the files in it, in order.
        left_out: which files were left out or shortened, in words.
    """

    content: bytes
    names: tuple[str, ...]
    left_out: tuple[str, ...]


def zipped(parts: t.Sequence[Part], about: str, most: int, time: tuple[int, int, int, int, int, int]) -> Zip:
    """Return the zip of parts, what matters most first.

    Args:
        parts: in order of their weight.
        about: how its README begins.
        most: bytes that all files together may have, unpacked, beside the README.
        time: of the files, UTC.
    """
    kept: list[tuple[str, bytes]] = []
    left_out: list[str] = []
    rest = most
    for part in _with_own_names(parts):
        content = part.text.encode()
        if len(content) > rest:
            if not part.shortens or rest < LEAST:
                left_out.append(f"{part.name}: left out, {len(content)} bytes")
                continue
            end = content[len(content) - rest + len(CUT) :].partition(b"\n")[2]
            left_out.append(f"{part.name}: the last {len(end)} of {len(content)} bytes")
            content = CUT.encode() + end
        rest -= len(content)
        kept.append((part.name, content))
    readme = _readme(about, kept, left_out, most)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in ((README, readme.encode()), *kept):
            archive.writestr(zipfile.ZipInfo(name, time), content, zipfile.ZIP_DEFLATED)
    return Zip(buffer.getvalue(), (README, *(name for name, _content in kept)), tuple(left_out))


def _with_own_names(parts: t.Iterable[Part]) -> t.Iterator[Part]:
    """Yield parts, each with a name that no other one has, in whatever case."""
    seen = {README.lower()}
    for part in parts:
        name, number = part.name, 2
        while name.lower() in seen:
            stem, dot, extension = part.name.rpartition(".")
            name, number = f"{stem or extension}-{number}{dot}{extension if stem else ''}", number + 1
        seen.add(name.lower())
        yield dataclasses.replace(part, name=name)


def _readme(about: str, kept: t.Iterable[tuple[str, bytes]], left_out: t.Sequence[str], most: int) -> str:
    lines = [about, "", "Files:", *(f"  {name} ({len(content)} bytes)" for name, content in kept), ""]
    lines += [
        "Secrets are masked as ********: those that are known, and what has the form of one. Names of servers,",
        "accounts and folders are not. Logs are the ends of their newest files.",
        "",
        f"All files together have at most {most / MEBIBYTE:g} MiB. "
        + ("Left out:" if left_out else "Nothing was left out."),
        *(f"  {one}" for one in left_out),
    ]
    return "\n".join(lines) + "\n"
