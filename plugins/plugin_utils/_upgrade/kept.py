# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Former versions beside Runtime: their names, and which of them stay."""

from __future__ import annotations

import typing as t

from .._agent import product_version, upgrade_note, version_folders
from .._core.plan import Plan, Refused
from .._core.probe import Ask
from .._windows import windows_path
from .wanted import Wanted


def begins(version: str, wanted: str) -> bool:
    """Tell whether a version begins with the one that is wanted, number by number: 6.2.10 does not begin with 6.2.1."""
    return not wanted or f"{version}.".startswith(f"{wanted.rstrip('.')}.")


def all_of(wanted: Wanted, ask: Ask) -> list[str]:
    """Return the folders of all that are kept, the last one first."""
    found: t.Sequence[t.Mapping[str, t.Any]] = ask(upgrade_note.kept_question(wanted.runtime)) or ()
    ours = [one for one in found if version_folders.is_former(wanted.runtime, one["name"])]
    ours.sort(key=lambda one: str(one["last_write"]), reverse=True)
    return [windows_path.join(wanted.parent, one["name"]) for one in ours]


def plan(wanted: Wanted, ask: Ask, check: bool) -> Plan:
    """Return the kept version that is wanted as a fact; raises Refused where there is none."""
    del check
    note = upgrade_note.found(wanted.runtime, ask)
    if note is not None:
        if version_folders.is_staged(wanted.runtime, note.new):
            # An upgrade that was interrupted is what somebody wants to be rid of: it is taken back.
            return _fact(note.former, note.before_version, note.before)
        # One that a run has begun to take, and that is finished first.
        return _fact(note.new, note.after_version, note.after)
    found = [(path, product_version.of(path, ask), version_folders.marked(path, ask)) for path in all_of(wanted, ask)]
    for path, version, checksum in found:
        if checksum and begins(version, wanted.version):
            return _fact(path, version, checksum)
    current, checksum = product_version.of(wanted.runtime, ask), version_folders.marked(wanted.runtime, ask)
    if wanted.version and checksum and begins(current, wanted.version):
        # It was taken before. Without a number, that is what the run before this one came from.
        return _fact(wanted.runtime, current, checksum)
    names = ", ".join(version or path for path, version, _checksum in found) or "none"
    raise Refused(
        f"found {names} kept beside {wanted.runtime}, wanted version {wanted.version or 'of before'}"
        " (im_agent_rollback_version): name another one, or the archive of the version in the inventory and run"
        " upgrade.yml"
    )


def _fact(path: str, version: str, checksum: str) -> Plan:
    return Plan(facts={"kept": {"path": path, "checksum": checksum, "version": version}})
