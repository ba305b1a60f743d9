"""All behaviours by their names in scenarios, and how a server gets them."""

from __future__ import annotations

import dataclasses
import typing as t

from ..windows.machine import Machine
from . import (
    crashing_neighbour,
    crashing_worker,
    dns_suffix,
    domain_controller,
    failing_replace,
    foreign_files,
    foreign_tls_binding,
    held_by_worker,
    kept_key_files,
    language,
    late_job,
    listen_only,
    max_path,
    neighbour_in_default_pool,
    neighbour_site,
    neighbour_without_sni,
    no_debug_privilege,
    no_second_hop,
    not_elevated,
    open_logs,
    other_installation,
    outliving_worker,
    removed_files_of_features,
    running_job,
    scanner,
    server_core,
    shared_configuration,
    shared_key_containers,
    slow_boot,
    slow_service,
    slow_start,
    slow_stop,
    vanishing_files,
    was_stopped,
)
from .behaviour import Behaviour
from .presets import PRESETS, mix

BEHAVIOURS: dict[str, type[Behaviour]] = {
    "crashing_neighbour": crashing_neighbour.CrashingNeighbour,
    "crashing_worker": crashing_worker.CrashingWorker,
    "dns_suffix": dns_suffix.DnsSuffix,
    "domain_controller": domain_controller.DomainController,
    "failing_replace": failing_replace.FailingReplace,
    "foreign_files": foreign_files.ForeignFiles,
    "foreign_tls_binding": foreign_tls_binding.ForeignTlsBinding,
    "held_by_worker": held_by_worker.HeldByWorker,
    "kept_key_files": kept_key_files.KeptKeyFiles,
    "language": language.Language,
    "late_job": late_job.LateJob,
    "listen_only": listen_only.ListenOnly,
    "max_path": max_path.MaxPath,
    "neighbour_in_default_pool": neighbour_in_default_pool.NeighbourInDefaultPool,
    "neighbour_site": neighbour_site.NeighbourSite,
    "neighbour_without_sni": neighbour_without_sni.NeighbourWithoutSni,
    "no_debug_privilege": no_debug_privilege.NoDebugPrivilege,
    "no_second_hop": no_second_hop.NoSecondHop,
    "not_elevated": not_elevated.NotElevated,
    "open_logs": open_logs.OpenLogs,
    "other_installation": other_installation.OtherInstallation,
    "outliving_worker": outliving_worker.OutlivingWorker,
    "removed_files_of_features": removed_files_of_features.RemovedFilesOfFeatures,
    "running_job": running_job.RunningJob,
    "scanner": scanner.Scanner,
    "server_core": server_core.ServerCore,
    "shared_configuration": shared_configuration.SharedConfiguration,
    "shared_key_containers": shared_key_containers.SharedKeyContainers,
    "slow_boot": slow_boot.SlowBoot,
    "slow_service": slow_service.SlowService,
    "slow_start": slow_start.SlowStart,
    "slow_stop": slow_stop.SlowStop,
    "vanishing_files": vanishing_files.VanishingFiles,
    "was_stopped": was_stopped.WasStopped,
}
Described = t.Mapping[str, t.Mapping[str, t.Any] | None]


class BadBehaviour(Exception):
    """A behaviour or an option that does not exist: the text names it and lists those that do."""


def described(given: t.Any) -> Described:
    """Return the behaviours that a scenario's key means: their names with options, ``{mix: seed}``, or a preset's name.

    Raises:
        BadBehaviour: a preset that does not exist, or a seed that is no number.
    """
    if isinstance(given, str):
        if given not in PRESETS:
            raise BadBehaviour(f"unknown preset {given!r}; known: {', '.join(sorted(PRESETS))}")
        return PRESETS[given]
    if not isinstance(given, dict):
        raise BadBehaviour(f"names with options, {{mix: seed}}, or one of {', '.join(sorted(PRESETS))}; not {given!r}")
    if "mix" not in given:
        return given
    if not isinstance(given["mix"], int):
        raise BadBehaviour(f"mix is a seed, a number, not {given['mix']!r}")
    return {**mix(given["mix"]), **{name: options for name, options in given.items() if name != "mix"}}


def read(described: Described) -> list[Behaviour]:
    """Return the behaviours of a scenario.

    Raises:
        BadBehaviour: an unknown name or option, or a value of another type than the default.
    """
    return [_read(name, options or {}) for name, options in described.items()]


def _read(name: str, options: t.Mapping[str, t.Any]) -> Behaviour:
    kind = BEHAVIOURS.get(name)
    if kind is None:
        raise BadBehaviour(f"unknown behaviour {name!r}; known: {', '.join(sorted(BEHAVIOURS))}")
    known = {field.name: field.default for field in dataclasses.fields(kind)}
    for option, value in options.items():
        if option not in known:
            raise BadBehaviour(f"{name}: unknown option {option!r}; known: {', '.join(known) or 'none'}")
        if type(value) is not type(known[option]):
            wanted = type(known[option]).__name__
            raise BadBehaviour(f"{name}: {option} is a value like {known[option]!r} ({wanted}), not {value!r}")
    try:
        return kind(**options)
    except ValueError as error:
        raise BadBehaviour(f"{name}: {error}") from None


def switch_on(machine: Machine, described: Described) -> None:
    """Let a server behave so; raises BadBehaviour as ``read``."""
    for behaviour in read(described):
        behaviour.prepare(machine)
    resume(machine, described)


def resume(machine: Machine, described: Described) -> None:
    """Let a server that has what the behaviours put there go on with them; raises BadBehaviour as ``read``."""
    for behaviour in read(described):
        behaviour.go_on(machine)
    machine.behaviours.update({name: dict(options or {}) for name, options in described.items()})
