"""Our table of a pool's attributes is what IIS's own schema says: names, types, defaults, named values, ranges."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._windows.pool_attributes import (
    ATTRIBUTES,
    Attribute,
    typed,
)

SCHEMA = Path(__file__).resolve().parents[4] / "shared" / "corpus" / "iis_schema" / "IIS_schema.xml"
SECTION = "sectionSchema[@name='system.applicationHost/applicationPools']/collection"
SCALES = {"uint": 2**32 - 1, "int": 2**31 - 1}


def schema(element: ET.Element, prefix: str = "") -> dict[str, Attribute]:
    """Return the attributes below an element by dotted name, without those of collections."""
    found = {}
    for attribute in element.findall("attribute"):
        names = tuple(e.get("name", "") for e in attribute if e.tag in {"enum", "flag"})
        found[prefix + attribute.get("name", "")] = Attribute(
            attribute.get("type", ""), attribute.get("defaultValue", ""), names, limits(attribute)
        )
    for below in element.findall("element"):
        found |= schema(below, f"{prefix}{below.get('name')}.")
    return found


def limits(attribute: ET.Element) -> tuple[int, int, int] | None:
    parameter = attribute.get("validationParameter")
    if not parameter or not (attribute.get("validationType") or "").endswith("Range"):
        return None
    low, high, *step = parameter.split(",")
    return int(low), int(high), int(step[0]) if step else 1


@pytest.mark.skipif(not SCHEMA.exists(), reason=f"IIS's schema is not beside the checkout: {SCHEMA}")
def test_the_table_is_what_the_schema_of_iis_says():
    collection = ET.parse(SCHEMA).getroot().find(SECTION)
    assert collection is not None
    real = schema(collection)
    del real["name"]
    assert set(ATTRIBUTES) == set(real)
    secret = "processModel.password"  # its default in the schema is a sealed empty text
    differing = {
        name: (ATTRIBUTES[name], real[name]) for name in real if name != secret and ATTRIBUTES[name] != real[name]
    }
    assert differing == {}


@pytest.mark.parametrize("name", [n for n, a in ATTRIBUTES.items() if a.range])
def test_what_lies_beyond_a_range_is_refused_and_its_ends_are_taken(name):
    attribute = ATTRIBUTES[name]
    low, high, step = attribute.range or (0, 0, 0)

    def written(number: int) -> object:
        minutes, seconds = divmod(number, 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}" if attribute.type == "timeSpan" else number

    assert typed(name, written(low)) is not None
    assert typed(name, written(high - (high - low) % step)) is not None
    for bad in (written(high + step), "nonsense", written(low + 1) if step > 1 else "", -1):
        with pytest.raises(ValueError, match=r"a number from|a time as"):
            typed(name, bad)


@pytest.mark.parametrize("name", [n for n, a in ATTRIBUTES.items() if a.type == "flags"])
def test_flags_are_named_values_and_nothing_else(name):
    values = ATTRIBUTES[name].values
    assert typed(name, ", ".join(value.lower() for value in values)) == ", ".join(values)
    assert typed(name, list(values[:1])) == values[0]
    with pytest.raises(ValueError, match=values[0]):
        typed(name, f"{values[0]}, Nonsense")
