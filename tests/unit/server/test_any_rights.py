"""Whatever access entries a folder has: one run brings the identity's to what is wanted, a second changes nothing."""

from __future__ import annotations

import os

import chain
from emulator.windows.security.descriptors import pool_sid
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

POOL, FORMER, OTHER = pool_sid("Agent"), pool_sid("Before"), "S-1-5-21-1-2-3-1001"
WORK = "C:\\im\\Work"
MODIFY, SYNCHRONIZE = 0x1301BF, 0x100000

flags = st.sampled_from(("", "OI", "CI", "OICI", "OICIIO", "CIIO", "OIIO", "OICINP", "CINP", "OICINPIO"))
masks = st.one_of(
    st.sampled_from((0x120089, MODIFY, 0x1F01FF, 0x100116, 0x116, 0x1F01BF, 0x20000)),
    st.integers(1, 0x1FF).map(lambda bits: bits | SYNCHRONIZE),
)
entries = st.lists(
    st.tuples(st.sampled_from("AAD"), flags, masks, st.sampled_from((POOL, POOL, FORMER, OTHER))), max_size=5
)


def server(found):
    aces = sorted(found, key=lambda entry: entry[0] == "A")
    sddl = "O:BAD:AI" + "".join(f"({kind};{words};0x{mask:x};;;{sid})" for kind, words, mask, sid in aces)
    folders = {f"C:\\im\\{name}": {"folder": True} for name in ("Runtime", "Temp", "Mails", "Sources")}
    return chain.server(
        {
            "features": ["Web-Server", "Web-AppInit"],
            "pools": [{"name": "Agent"}, {"name": "Before"}],
            "files": {**folders, WORK: {"folder": True, "sddl": sddl}},
        }
    )


def own(made, sid):
    return [ace for ace in made.machine.files.entry(WORK).explicit if ace.sid == sid]


@settings(
    max_examples=min(int(os.environ.get("IMOPS_EXAMPLES", "30")), 1000),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(entries, st.booleans(), st.sampled_from(("keep", "remove")))
def test_one_run_is_enough_and_predicted_and_the_others_keep_their_rights(found, remove_surplus, deny):
    made = server(found)
    denied = [ace for ace in own(made, POOL) if ace.kind == "D"]
    others = own(made, OTHER)
    arguments = {
        "working_directory": "C:\\im",
        "identity": {"pool": "Agent"},
        "former_identities": [{"pool": "Before"}],
        "remove_surplus": remove_surplus,
        "deny": deny,
    }
    predicted = made.run("win_im_permissions", arguments, check=True)
    made.new_run()
    done = made.run("win_im_permissions", arguments)
    assert not done.get("failed"), done
    assert predicted["changed"] == done["changed"]
    made.new_run()
    assert made.run("win_im_permissions", arguments)["changed"] is False
    allowed = [ace for ace in own(made, POOL) if ace.kind == "A"]
    if remove_surplus:
        assert [(ace.flags, ace.rights) for ace in allowed] == [({"OI", "CI"}, MODIFY)]
    else:
        assert any(ace.rights & MODIFY == MODIFY and {"OI", "CI"} == ace.flags for ace in allowed)
    assert own(made, FORMER) == []
    assert reach([a for a in own(made, POOL) if a.kind == "D"]) == (reach(denied) if deny == "keep" else {})
    assert reach(own(made, OTHER)) == reach(others)


def reach(aces):
    """Return what entries say, however they are divided: the rights by kind and place."""
    said: dict[tuple[str, str], int] = {}
    for ace in aces:
        for place in places(ace.flags):
            said[ace.kind, place] = said.get((ace.kind, place), 0) | ace.rights
    return said


def places(words):
    below = {word[0] for word in words & {"CI", "OI"}}
    deeper = set() if "NP" in words else {f"{word} deeper" for word in below}
    return below | deeper | (set() if "IO" in words else {"here"})
