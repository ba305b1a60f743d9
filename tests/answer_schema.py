"""Checks answers of the probe and the writer, real or modelled, against the schemas in docs/schema."""

from __future__ import annotations

import functools
import json
import typing as t
from pathlib import Path

import jsonschema

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "schema"


@functools.cache
def _schema(name: str) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", json.loads((FOLDER / f"{name}.json").read_text("utf-8")))


def kinds() -> frozenset[str]:
    """Return all kinds of questions that have a schema."""
    return frozenset(key[6:] for key in _schema("win_im_probe")["$defs"] if key.startswith("value_"))


def operations() -> frozenset[str]:
    """Return all operations that have a schema."""
    return frozenset(key[7:] for key in _schema("win_im_write")["$defs"] if key.startswith("result_"))


def check_probe(queries: t.Sequence[t.Mapping[str, t.Any]], answer: dict[str, t.Any]) -> None:
    """Raise ValidationError unless a probe's answer fits, each value the schema of its question's kind."""
    schema = _schema("win_im_probe")
    jsonschema.Draft202012Validator(schema).validate(answer)
    assert len(answer["answers"]) == len(queries)
    for query, given in zip(queries, answer["answers"], strict=True):
        if "value" in given:
            own = {"$ref": f"#/$defs/value_{query['kind']}", "$defs": schema["$defs"]}
            jsonschema.Draft202012Validator(own).validate(given["value"])


def check_write(answer: dict[str, t.Any]) -> None:
    """Raise ValidationError unless a writer's result fits."""
    jsonschema.Draft202012Validator(_schema("win_im_write")).validate(answer)
