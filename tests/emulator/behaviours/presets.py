"""Named sets of behaviours, and sets that are drawn from a seed."""

from __future__ import annotations

import random
import typing as t

Described = dict[str, dict[str, t.Any]]
PRESETS: dict[str, Described] = {
    "lived_in": {
        "neighbour_site": {},
        "crashing_neighbour": {"executions": 3},
        "foreign_tls_binding": {},
        "foreign_files": {},
        "slow_stop": {"executions": 2},
        "slow_start": {"executions": 1},
        "outliving_worker": {"executions": 2},
        "scanner": {"executions": 1},
        "language": {"name": "german"},
    },
}
"""``lived_in``: a server as it stands in most companies."""
REFUSING = ("neighbour_in_default_pool", "not_elevated", "shared_configuration")
"""Behaviours under which a run may have to refuse so as to harm nobody; one of sixteen mixes has one of them."""
LEFT_OUT = frozenset(
    {
        "crashing_worker",
        "late_job",
        "listen_only",
        "max_path",
        "no_second_hop",
        "other_installation",
        "removed_files_of_features",
    }
)
"""Behaviours under which an agent cannot run or be installed, that need a variable of their own, or whose every outcome
has a test of its own; a mix has none of them.
"""
_DRAWN: dict[str, tuple[tuple[str, tuple[t.Any, ...]], ...]] = {
    "crashing_neighbour": (("executions", (1, 2, 5)),),
    "dns_suffix": (),
    "domain_controller": (),
    "failing_replace": (("code", (1175, 1176, 1177)),),
    "foreign_files": (),
    "foreign_tls_binding": (),
    "held_by_worker": (),
    "kept_key_files": (),
    "language": (("name", ("german", "french")),),
    "neighbour_site": (("executions", (1, 2, 5)),),
    "neighbour_without_sni": (),
    "no_debug_privilege": (),
    "open_logs": (),
    "outliving_worker": (("executions", (1, 2, 3)),),
    "running_job": (("executions", (2, 5, 20)),),
    "scanner": (("executions", (1, 2)), ("attempts", (1, 2, 3))),
    "server_core": (),
    "shared_key_containers": (),
    "slow_boot": (("executions", (6, 8, 10)),),
    "slow_service": (("executions", (1, 2, 3)),),
    "slow_start": (("executions", (1, 2, 3)),),
    "slow_stop": (("executions", (1, 2, 3)),),
    "vanishing_files": (),
    "was_stopped": (),
}


def mix(seed: int) -> Described:
    """Return three to eight behaviours with options, the same for the same seed."""
    draw = random.Random(seed)
    chosen = draw.sample(sorted(_DRAWN), draw.randint(3, 7))
    if draw.randrange(16) == 0:
        chosen.append(draw.choice(REFUSING))
    options = {name: _DRAWN.get(name, ()) for name in sorted(chosen)}
    return {name: {option: draw.choice(values) for option, values in known} for name, known in options.items()}


def drawn() -> frozenset[str]:
    """Return the names of the behaviours that a mix may have."""
    return frozenset(_DRAWN) | frozenset(REFUSING)
