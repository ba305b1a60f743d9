"""Values as PowerShell converts, compares and prints them, and as IIS's schema writes them.

What ``-as`` gives was asked of a real engine.
"""

from __future__ import annotations

import pytest
from emulator.model import pairs
from emulator.windows.errors import WindowsError
from emulator.windows.iis import schema_values
from emulator.windows.iis.schema import POOL
from emulator.windows.text import powershell_values
from emulator.windows.text.powershell_values import TimeSpan
from hypothesis import given
from hypothesis import strategies as st

CASTS = [
    ("uint", "0xff", 255),
    ("uint", "2000.4", 2000),
    ("uint", 2000.5, 2000),
    ("uint", 2001.5, 2002),
    ("uint", "1e3", 1000),
    ("uint", " 7 ", 7),
    ("uint", "1,000", 1000),
    ("uint", "", 0),
    ("uint", None, 0),
    ("uint", True, 1),
    ("uint", -1, None),
    ("uint", 2**32, None),
    ("uint", "5%", None),
    ("uint", [1], None),
    ("int", -1, -1),
    ("int", 2**31, None),
    ("int", "false", None),
    ("bool", "false", True),
    ("bool", "", False),
    ("bool", " ", True),
    ("bool", 0, False),
    ("bool", None, False),
    ("bool", [], False),
    ("bool", [0], False),
    ("bool", [0, 0], True),
    ("string", 4.0, "4"),
    ("string", 4.5, "4.5"),
    ("string", True, "True"),
    ("string", None, ""),
    ("string", [1, "x"], "1 x"),
    ("timeSpan", "soon", None),
    ("timeSpan", "", None),
    ("timeSpan", None, None),
    ("timeSpan", 4.5, None),
    ("timeSpan", True, None),
    ("timeSpan", "1.24:00:00", None),
    ("timeSpan", "00:60:00", None),
    ("timeSpan", "5.00", None),
    ("timeSpan", "10675200.00:00:00", None),
]
SPANS = [
    ("20", "20.00:00:00"),
    (20, "00:00:00.0000020"),
    (-1, "-00:00:00.0000001"),
    ("-1", "-1.00:00:00"),
    (" 7 ", "7.00:00:00"),
    ("24:00:00", "24.00:00:00"),
    ("1.05:00:00", "1.05:00:00"),
    ("00:05", "00:05:00"),
    ("00:20:30.5", "00:20:30.5000000"),
    ("-00:01:00", "-00:01:00"),
]


@pytest.mark.parametrize(("kind", "value", "made"), CASTS)
def test_as(kind, value, made):
    assert powershell_values.cast(kind, value) == made
    assert type(powershell_values.cast(kind, value)) is type(made)


@pytest.mark.parametrize(("value", "shown"), SPANS)
def test_as_a_time_span(value, shown):
    assert str(powershell_values.cast("timeSpan", value)) == shown


@given(st.integers(min_value=-(10**18), max_value=10**18))
def test_a_time_span_is_read_as_it_is_shown(ticks):
    assert TimeSpan.parse(str(TimeSpan(ticks))) == TimeSpan(ticks)


@pytest.mark.parametrize(
    ("left", "right", "different"),
    [
        ("Secret", "secret", False),
        ("3", 3, False),
        ("", None, False),
        (3, "3", True),
        (True, True, False),
        (1, True, True),
        (TimeSpan(0), None, True),
    ],
)
def test_ne(left, right, different):
    assert powershell_values.differ(left, right) is different


@pytest.mark.parametrize(
    ("pattern", "value", "fits"),
    [("*", "10.0.0.1", True), ("", "x", True), (None, "x", True), ("APP", "app", True), ("[x]", "[x]", False)],
)
def test_like(pattern, value, fits):
    assert powershell_values.like(pattern, value) is fits


@pytest.mark.parametrize(
    ("attribute", "value", "text"),
    [
        ("autoStart", True, "true"),
        ("processModel.identityType", 3, "SpecificUser"),
        ("processModel.identityType", "localsystem", "LocalSystem"),
        ("recycling.periodicRestart.time", "29:00:00", "1.05:00:00"),
        ("recycling.logEventOnRecycle", 3, "Time, Requests"),
        ("recycling.logEventOnRecycle", "memory,time", "Time, Memory"),
        ("recycling.logEventOnRecycle", 0, ""),
        ("queueLength", 10, "10"),
    ],
)
def test_an_attribute_is_written_as_the_schema_has_it(attribute, value, text):
    assert schema_values.write(POOL[attribute], value) == text


@pytest.mark.parametrize(
    ("attribute", "value", "why"),
    [
        ("queueLength", 9, "Integer value must be between 10 and 65535 inclusive\r\n"),
        ("queueLength", "many", "Specified cast is not valid."),
        ("startMode", "Sometimes", "Enum must be one of OnDemand, AlwaysRunning\r\n"),
        ("processModel.logEventOnProcessModel", 2, "Flags must be one or more of IdleTimeout\r\n"),
        (
            "processModel.idleTimeout",
            "00:00:30",
            "Timespan value must be between 00:00:00 and 30.00:00:00 seconds inclusive, with a granularity of 60"
            " seconds\r\n",
        ),
        ("processModel.idleTimeout", "soon", "Specified cast is not valid."),
    ],
)
def test_the_schema_refuses(attribute, value, why):
    with pytest.raises(WindowsError) as refused:
        schema_values.write(POOL[attribute], value)
    assert refused.value.message == why


@given(st.text(min_size=1))
def test_a_password_comes_back_from_the_file(clear):
    stored = schema_values.secret(clear, "AesProvider")
    assert stored.startswith("[enc:AesProvider:")
    assert schema_values.clear(stored) == clear


def test_a_password_that_somebody_wrote_in_clear_is_taken_as_it_is():
    assert schema_values.clear("pass:word") == "pass:word"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("a=1", {"a": "1"}),
        ("a=1, b=2 c", {"a": "1", "b": "2", "c": None}),
        ("a='x, y' b=\\'z", {"a": "x, y", "b": "'z"}),
        ("a==", {"a": "="}),
        ('a=""', {"a": ""}),
    ],
)
def test_pairs(text, read):
    assert pairs.read(text) == read
