# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a staged version can take the place of the present one, and what becomes of the files in Runtime."""

from __future__ import annotations

import dataclasses
import typing as t

from .._agent import product_version
from .._core import probe
from .._core.plan import Refused
from .._core.probe import Ask, Query
from .._core.warned import Warned, WarningKind
from . import carried, manifest
from .carried import Carried

FRAMEWORKS = "C:\\Program Files\\dotnet\\shared\\Microsoft.AspNetCore.App"
MOST_NAMED = 12
"""Files that a message names."""


@dataclasses.dataclass(frozen=True)
class Limits:
    """Which versions may take the place of the present one.

    Attributes:
        bundle: the version of the hosting bundle that the inventory names; empty for none.
        server: the version of the Identity Manager server, beyond which no agent may be; empty where nobody says.
        downgrade: whether an older version may.
    """

    bundle: str
    server: str
    downgrade: bool

    @classmethod
    def of(cls, arguments: t.Mapping[str, t.Any]) -> Limits:
        """Return the limits of a task; raises Refused for a version that begins with no number."""
        given = {name: str(arguments.get(name) or "") for name in ("hosting_bundle_version", "server_version")}
        for name, text in given.items():
            if text and not product_version.numbers(text):
                raise Refused(f"{name}: found {text!r}, wanted a version such as 6.2 or 6.2.1")
        return cls(given["hosting_bundle_version"], given["server_version"], bool(arguments["downgrade"]))


@dataclasses.dataclass(frozen=True)
class Found:
    """What becomes of the files in Runtime, and what the user should know."""

    carried: Carried
    warnings: tuple[Warned, ...]


def installed_question() -> Query:
    """Ask which versions of ASP.NET Core the server has."""
    return probe.folders(FRAMEWORKS, "*")


def told(folder: str, checksum: str, ask: Ask) -> dict[str, t.Any]:
    """Return what a folder's version tells of itself, as a task's result shows it."""
    return {
        "path": folder,
        "checksum": checksum,
        "version": product_version.of(folder, ask),
        "dotnet": product_version.dotnet_major(folder, ask),
    }


def judge(runtime: str, staged: str, limits: Limits, ask: Ask) -> Found:
    """Return what a change to a staged version would do to the files; raises Refused with all that forbids it."""
    former = manifest.stored(runtime, ask)
    new = manifest.stored(staged, ask)
    if new is None:
        raise Refused(f"found no manifest in {staged}, which somebody has changed: remove that folder and run again")
    files = carried.decide(former, manifest.present(runtime, ask), new)
    problems = [*_versions(runtime, staged, limits, ask), *_bundle(staged, limits, ask)]
    if files.both:
        problems.append(
            f"{named(files.both)} in {runtime}: found changed or added by somebody, and other in the new archive too,"
            f" wanted one of the two: compare them with those in {staged}, then remove yours, or make it equal to the"
            " new one"
        )
    if problems:
        raise Refused("; ".join(problems))
    return Found(files, tuple(_warnings(runtime, files, known=former is not None)))


def _versions(runtime: str, staged: str, limits: Limits, ask: Ask) -> t.Iterator[str]:
    now, then = product_version.of(runtime, ask), product_version.of(staged, ask)
    if limits.server and then and product_version.is_beyond(then, limits.server):
        yield (
            f"archive: found version {then} of the agent, wanted none newer than the Identity Manager server, which is"
            f" {limits.server} (im_agent_server_version): upgrade the server first"
        )
    if not limits.downgrade and now and then and product_version.is_older(then, now):
        yield (
            f"archive: found version {then} of the agent, wanted none older than {now} in {runtime}: name the archive"
            " of a newer version, or set im_agent_downgrade to true"
        )


def _bundle(staged: str, limits: Limits, ask: Ask) -> t.Iterator[str]:
    """Yield what is wrong where neither the server nor the inventory has the .NET that the version needs."""
    needed = product_version.dotnet_major(staged, ask)
    if needed is None:
        yield (
            f"archive: {product_version.RUNTIME_CONFIG} in {staged} does not tell which .NET the agent needs: it is not"
            " the vendor's agent runtime archive"
        )
        return
    installed = {product_version.numbers(one["name"])[:1] for one in ask(installed_question()) or ()}
    if (needed,) in installed or product_version.numbers(limits.bundle)[:1] == (needed,):
        return
    yield (
        f"hosting_bundle: the version in {staged} needs .NET {needed}, found {_majors(installed)} on the server and"
        f" {limits.bundle or 'none'} in the inventory, wanted the hosting bundle of .NET {needed}: name it in"
        " im_agent_hosting_bundle_source, im_agent_hosting_bundle_checksum and im_agent_hosting_bundle_version"
    )


def _majors(installed: t.Iterable[tuple[int, ...]]) -> str:
    return ", ".join(str(major) for (major,) in sorted(one for one in installed if one)) or "none"


def _warnings(runtime: str, files: Carried, *, known: bool) -> t.Iterator[Warned]:
    if not known:
        yield Warned(
            f"nobody knows which files of {runtime} its archive put there (im_agent_former_archive_source names that"
            " archive): programs that the new archive lacks are taken for the former version's, all else that it lacks"
            " for the users' own",
            WarningKind.FORMER_ARCHIVE_UNKNOWN,
        )
    for kind, names, words in (
        ("replaced", files.replaced, "are otherwise than in the new archive, whose files take their place"),
        (
            "unknown",
            files.unknown,
            "are not in the new archive and stay with the former version: copy what is the users' own",
        ),
        ("returning", files.returning, "were removed by somebody and come back, as the new archive has them"),
    ):
        if names:
            yield Warned(f"{named(names)} in {runtime} {words}", WarningKind.FILES_OF_VERSIONS, kind)


def named(names: t.Sequence[str]) -> str:
    """Return some names as a message shows them."""
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"{', '.join(names[:MOST_NAMED])}{more}"
