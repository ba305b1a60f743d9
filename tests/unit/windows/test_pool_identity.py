"""Name and SID of an application pool's own identity."""

from __future__ import annotations

import hashlib

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core.plan import Refused
from ansible_collections.imops.identity_manager.plugins.plugin_utils._windows import pool_identity
from hypothesis import given
from hypothesis import strategies as st

POOLS = st.text(st.characters(codec="utf-16-le", exclude_characters="\\"), min_size=1).filter(str.strip)


@pytest.mark.parametrize(
    ("pool", "sid"),
    [
        # Published by Microsoft and others; every Windows server with IIS shows them.
        ("DefaultAppPool", "S-1-5-82-3006700770-424185619-1745488364-794895919-4004696415"),
        ("Classic .NET AppPool", "S-1-5-82-1036420768-1044797643-1061213386-2937092688-4282445334"),
        (".NET v4.5", "S-1-5-82-271721585-897601226-2024613209-625570482-296978595"),
    ],
)
def test_known_pools_have_their_known_sid_however_their_name_is_spelled(pool, sid):
    assert {pool_identity.sid(spelling) for spelling in (pool, pool.upper(), pool.lower())} == {sid}


@given(POOLS)
def test_the_sid_is_the_hash_of_the_name_in_five_numbers(pool):
    *prefix, one, two, three, four, five = pool_identity.sid(pool).split("-")
    assert "-".join(prefix) == "S-1-5-82"
    digest = b"".join(int(number).to_bytes(4, "little") for number in (one, two, three, four, five))
    assert digest == hashlib.sha1(pool.lower().encode("utf-16-le")).digest()
    assert pool_identity.sid(pool) in pool_identity.groups(pool)
    assert pool_identity.name(pool) == f"IIS APPPOOL\\{pool}"


@pytest.mark.parametrize("pool", ["", "  ", None, 5, ["x"], "IIS APPPOOL\\x", "x\\y"])
@pytest.mark.parametrize("ask", [pool_identity.name, pool_identity.sid, pool_identity.groups])
def test_what_is_no_pools_name_is_refused(ask, pool):
    with pytest.raises(Refused) as error:
        ask(pool)
    assert f"found {pool!r}, wanted the name of an application pool" in str(error.value)
