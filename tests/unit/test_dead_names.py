"""The gate against dead names finds what nobody uses, and excuses that are not needed."""

from __future__ import annotations

import dead_names

CODE = """
def used():
    return 1


def dead():
    return used()


@handles("some.module")
def called_by_its_decorator():
    return 2


class SomeWorld:
    pass
"""


def test_a_name_that_no_file_uses_is_dead_unless_it_is_excused(tmp_path):
    (tmp_path / "code.py").write_text(CODE, "utf-8")
    assert {item.name for item in dead_names.unused([tmp_path])} == {"dead", "SomeWorld"}
    assert {item.name for item in dead_names.unused([tmp_path], ["*World"])} == {"dead"}


def test_an_excuse_for_a_name_that_is_used_or_gone_is_needless():
    assert dead_names.needless(["*World", "gone", "dead"], {"dead", "SomeWorld"}) == ["gone"]
