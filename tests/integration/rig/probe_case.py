"""What a case of the probe is: a question, and the check of its answer."""

from __future__ import annotations

import dataclasses
import typing as t

Query = dict[str, t.Any]


def value(expected: t.Any) -> t.Callable[[t.Any], bool]:
    """Return a check that the answer is this value."""
    return lambda answer: bool(answer == {"value": expected})


def error(kind: str, text: str = "") -> t.Callable[[t.Any], bool]:
    """Return a check that the answer is an error of this type."""
    return lambda answer: answer.get("error", {}).get("type") == kind and text in answer["error"]["message"]


def fits(check: t.Callable[[t.Any], bool]) -> t.Callable[[t.Any], bool]:
    """Return a check of the answer's value."""
    return lambda answer: "value" in answer and check(answer["value"])


@dataclasses.dataclass(frozen=True)
class Case:
    """A question and the check of its answer."""

    name: str
    query: Query
    right: t.Callable[[t.Any], bool]
