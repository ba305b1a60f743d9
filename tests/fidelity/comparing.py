"""Where two results, or two states, differ."""

from __future__ import annotations

import typing as t

from .known import ABSENT, NOT_COMPARED

Path = tuple[str, ...]
Found = tuple[Path, t.Any, t.Any]


def results(
    real: t.Mapping[str, t.Any], modelled: t.Mapping[str, t.Any], listed_by: t.Mapping[str, str]
) -> list[Found]:
    """Return each value of a module's result that differs: its path, the real and the modelled one.

    Args:
        real: the module's.
        modelled: the model's.
        listed_by: lists of entries, and by which key of theirs they are put in order first.
    """
    left, right = (
        {k: v for k, v in in_order(side, listed_by).items() if k not in NOT_COMPARED} for side in (real, modelled)
    )
    return list(_differences(left, right, ()))


def in_order(result: t.Mapping[str, t.Any], listed_by: t.Mapping[str, str]) -> dict[str, t.Any]:
    """Return a result with those lists in order that are compared so: a difference's path counts their entries."""
    return {name: _sorted(value, listed_by.get(name)) for name, value in result.items()}


def _sorted(value: t.Any, key: str | None) -> t.Any:
    return sorted(value, key=lambda entry: str(entry[key])) if key and isinstance(value, list) else value


def states(
    real: tuple[t.Mapping[str, t.Any], t.Mapping[str, t.Any]],
    modelled: tuple[t.Mapping[str, t.Any], t.Mapping[str, t.Any]],
    stamps: t.Collection[str],
) -> list[Found]:
    """Return what differs after a call, given both sides' states before and after it.

    Args:
        real: before and after.
        modelled: before and after.
        stamps: keys of entries that hold times: compared is whether the call moved them.
    """
    left, right = (_moved(before, after, stamps) for before, after in (real, modelled))
    return list(_differences(left, right, ("state",)))


def _moved(before: t.Mapping[str, t.Any], after: t.Mapping[str, t.Any], stamps: t.Collection[str]) -> dict[str, t.Any]:
    shown: dict[str, t.Any] = {}
    for key, entry in after.items():
        former = before.get(key)
        if not isinstance(entry, dict) or not isinstance(former, dict):
            shown[key] = {k: v for k, v in entry.items() if k not in stamps} if isinstance(entry, dict) else entry
            continue
        shown[key] = {k: ("moved" if former.get(k) != v else "same") if k in stamps else v for k, v in entry.items()}
    return shown


def _differences(real: t.Any, modelled: t.Any, path: Path) -> t.Iterator[Found]:
    if isinstance(real, dict) and isinstance(modelled, dict):
        for key in sorted({*real, *modelled}):
            yield from _differences(real.get(key, ABSENT), modelled.get(key, ABSENT), (*path, key))
    elif isinstance(real, list) and isinstance(modelled, list) and len(real) == len(modelled):
        for number, (one, other) in enumerate(zip(real, modelled, strict=True)):
            yield from _differences(one, other, (*path, str(number)))
    elif real != modelled or isinstance(real, bool) != isinstance(modelled, bool):
        yield path, real, modelled
