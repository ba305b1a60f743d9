"""The agent's rights on its folders: which folder gets which, what is kept, taken and told."""

from __future__ import annotations

import chain
import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core.plan import Refused
from ansible_collections.imops.identity_manager.plugins.plugin_utils._server import permissions
from emulator.windows.security.descriptors import pool_sid

POOL, FORMER = pool_sid("Agent"), pool_sid("Before")
READ_EXECUTE, MODIFY, FULL = 0x1200A9, 0x1301BF, 0x1F01FF
FOLDERS = ("Runtime", "Temp", "Work", "Mails", "Sources")
TEMP = "C:\\im\\Temp"
OWN = {"": "ReadAndExecute", "Temp": "Modify", "Work": "Modify", "Mails": "Modify"}
MASKS = {"Read": 0x120089, "ReadAndExecute": READ_EXECUTE, "Modify": MODIFY, "FullControl": FULL}


def server(temp="O:BAD:AI", **more):
    files = {f"C:\\im\\{name}": {"folder": True} for name in FOLDERS}
    files[TEMP]["sddl"] = temp
    return chain.server(
        {
            "features": ["Web-Server"],
            "pools": [{"name": "Agent"}, {"name": "Before"}],
            "drives": {"D": {}},
            "files": {**files, "D:\\Work": {"folder": True}, "D:\\Sources": {"folder": True}},
            **more,
        }
    )


def run(target, check=False, **options):
    target.new_run()
    arguments = {"working_directory": "C:\\im", "identity": {"pool": "Agent"}, **options}
    return target.run("win_im_permissions", arguments, check=check)


def both(target, **options):
    """Run in check mode, for real and again; return the real result after holding the three together."""
    done = chain.foretold(run, target, **options)
    assert run(target, **options)["changed"] is False
    return done


def own(target, path, sid=POOL):
    return [(a.kind, a.rights) for a in target.machine.files.entry(path).explicit if a.sid == sid]


PROFILES = {
    "recommended": ({}, OWN),
    "guide": ({"profile": "guide"}, {**dict.fromkeys(OWN, "FullControl"), "": "ReadAndExecute"}),
    "requirements": ({"profile": "requirements"}, {"": "Modify"}),
    "one right more": ({"rights": {"Sources": "Read"}}, {**OWN, "Sources": "Read"}),
    "another right": ({"rights": {"Work": "FullControl"}}, {**OWN, "Work": "FullControl"}),
    "another right of the working directory": ({"rights": {"": "Read"}}, {**OWN, "": "Read"}),
    "Work on another disk": ({"folders": {"Work": "D:\\Work"}}, OWN),
    "Sources on another disk": ({"folders": {"Sources": "D:\\Sources"}}, {**OWN, "Sources": "ReadAndExecute"}),
}


@pytest.mark.parametrize("name", PROFILES)
def test_each_folder_gets_the_right_of_the_profile_and_the_others_inherit(name):
    options, wanted = PROFILES[name]
    target = server()
    done = both(target, **options)
    for folder in ("", *FOLDERS):
        path = options.get("folders", {}).get(folder) or f"C:\\im\\{folder}".rstrip("\\")
        right = wanted.get(folder)
        assert own(target, path) == ([("A", MASKS[right])] if right else []), path
        assert (f"allow IIS APPPOOL\\Agent {right} on {path}" in done["operations"]) is bool(right)
    assert len(done["operations"]) == len(wanted)
    assert done["identity_sid"] == POOL


@pytest.mark.parametrize("check", [True, False])
def test_a_missing_folder_is_created_by_an_earlier_step_in_check_mode_only(check):
    target = server()
    result = run(target, check=check, working_directory="C:\\elsewhere")
    if check:
        assert "allow IIS APPPOOL\\Agent Modify on C:\\elsewhere\\Temp" in result["operations"]
    else:
        assert "found no folder C:\\elsewhere on the server; run win_im_working_directory first" in result["msg"]


GRANTS = {
    "through a group": ("(A;OICI;0x1301bf;;;IS)", "when_missing", False),
    "through two groups": ("(A;OICI;0x1200a9;;;BU)(A;OICI;0x110116;;;IS)", "when_missing", False),
    "too little through a group": ("(A;OICI;0x1200a9;;;IS)", "when_missing", True),
    "denied to a group": ("(D;OICI;0x2;;;BU)(A;OICI;0x1301bf;;;IS)", "when_missing", True),
    "through somebody else's group": ("(A;OICI;0x1301bf;;;BA)", "when_missing", True),
    "through a group, and a little itself": (f"(A;OICI;0x1301bf;;;IS)(A;OICI;0x120089;;;{POOL})", "when_missing", True),
    "through a group, which does not count": ("(A;OICI;0x1301bf;;;IS)", "explicit", True),
    "nothing": ("", "when_missing", True),
}


@pytest.mark.parametrize("name", GRANTS)
def test_a_right_through_a_group_is_enough_where_that_is_asked_for(name):
    entries, grant, gets = GRANTS[name]
    target = server(f"O:BAD:PAI{entries}")
    run(target, grant=grant)
    assert (("A", MODIFY) in own(target, TEMP)) is gets
    assert run(target, grant=grant)["changed"] is False


FOUND = {
    "wider, and kept": (f"(A;OICI;FA;;;{POOL})", {"remove_surplus": False}, [("A", FULL)], 0),
    "wider": (f"(A;OICI;FA;;;{POOL})", {}, [("A", MODIFY)], 1),
    "wider, in this folder alone": (f"(A;;FA;;;{POOL})", {"remove_surplus": False}, [("A", FULL), ("A", MODIFY)], 0),
    "exact": (f"(A;OICI;0x1301bf;;;{POOL})", {}, [("A", MODIFY)], 0),
    "exact, in this folder alone": (f"(A;;0x1301bf;;;{POOL})", {}, [("A", MODIFY)], 1),
    "less": (f"(A;OICI;0x120089;;;{POOL})", {}, [("A", MODIFY)], 0),
    "less, in two entries": (f"(A;OICI;0x120089;;;{POOL})(A;CI;0x120089;;;{POOL})", {}, [("A", MODIFY)], 1),
    "denied, and kept": (f"(D;OICI;0x2;;;{POOL})", {"deny": "keep"}, [("D", 0x2), ("A", MODIFY)], 0),
    "denied": (f"(D;OICI;0x2;;;{POOL})", {}, [("A", MODIFY)], 1),
}


@pytest.mark.parametrize("name", FOUND)
def test_entries_of_the_identity_itself_are_kept_or_removed_as_wanted(name):
    entries, options, after, taken = FOUND[name]
    target = server(f"O:BAD:AI{entries}")
    done = both(target, **options)
    assert sorted(own(target, TEMP)) == sorted(after)
    assert len([does for does in done["operations"] if does.startswith("remove ") and TEMP in does]) == taken


SYNCHRONIZE, BELOW = 0x100000, 0x40
BITS = {
    0x1: "ReadData",
    0x2: "WriteData",
    0x4: "AppendData",
    0x8: "ReadExtendedAttributes",
    0x10: "WriteExtendedAttributes",
    0x20: "ExecuteFile",
    0x40: "DeleteSubdirectoriesAndFiles",
    0x80: "ReadAttributes",
    0x100: "WriteAttributes",
    0x10000: "Delete",
    0x20000: "ReadPermissions",
    0x40000: "ChangePermissions",
    0x80000: "TakeOwnership",
}
NAMED = [(f"A;CI;0x{bit | SYNCHRONIZE:x}", (f"{name}, Synchronize", "ContainerInherit")) for bit, name in BITS.items()]
NAMED += [
    ("A;CI;0x100000", ("Synchronize", "ContainerInherit")),
    ("A;CI;0x2", None),
    ("A;OI;FA", ("FullControl", "ObjectInherit")),
    ("A;;0x1301bf", ("Modify", "None")),
    ("A;OICINP;FA", ("FullControl", "ContainerInherit, ObjectInherit")),
    ("A;OICIIO;FA", None),
    ("D;OICI;FA", ("FullControl", "ContainerInherit, ObjectInherit")),
    (
        f"D;;0x{FULL & ~BELOW:x}",
        (", ".join([*(name for bit, name in BITS.items() if bit != BELOW), "Synchronize"]), "None"),
    ),
    ("D;;0x1301bf", None),
    ("D;;0x2", ("WriteData", "None")),
    ("D;;0x100002", None),
]


@pytest.mark.parametrize(("entry", "named"), NAMED, ids=[entry for entry, _named in NAMED])
def test_an_entry_is_removed_by_the_names_of_its_rights_or_if_it_has_none_with_all_of_its_type(entry, named):
    target = server(f"O:BAD:AI({entry};;;{POOL})")
    done = both(target)
    assert own(target, TEMP) == [("A", MODIFY)]
    taken = [a for module, a, _ in target.engine.calls if module.endswith("win_acl") and a["state"] == "absent"]
    assert [(a["path"], a["rights"], a["inherit"]) for a in taken] == ([(TEMP, *named)] if named else [])
    kind = "allow" if entry.startswith("A") else "deny"
    assert [a["type"] for a in taken] == ([kind] if named else [])
    assert [a["propagation"] for a in taken] == ([("NoPropagateInherit" if "NP" in entry else "None")] if named else [])
    assert done["operations"][1].startswith(f"remove the {kind} entry ")


def rows(done, side):
    """Return the rows of the difference, by path and name."""
    shown = [line for diff in done["diff"] for line in diff[side].splitlines()]
    return {(line[:40].strip(), line[41:81].strip()): line[82:] for line in shown}


SHOWN = {
    "nothing": ("", {}, "nothing", "allow Modify"),
    "wider": ("(A;OICI;FA;;;{sid})", {}, "allow FullControl", "allow Modify"),
    "denied": ("(D;OICI;0x2;;;{sid})", {}, "deny 0x2", "allow Modify"),
    "denied, and kept": ("(D;OICI;0x2;;;{sid})", {"deny": "keep"}, "deny 0x2", "deny 0x2, allow Modify"),
    "exact": ("(A;OICI;0x1301bf;;;{sid})", {}, "allow Modify", "allow Modify"),
    "wider, and kept": ("(A;OICI;FA;;;{sid})", {"remove_surplus": False}, "allow FullControl", "allow FullControl"),
}


@pytest.mark.parametrize("name", SHOWN)
def test_the_difference_says_in_words_what_the_identity_has_and_will_have(name):
    entries, options, before, after = SHOWN[name]
    target = server(f"O:BAD:AI{entries.format(sid=POOL)}")
    done = run(target, **options)
    key = TEMP, "IIS APPPOOL\\Agent"
    assert (rows(done, "before")[key], rows(done, "after")[key]) == (before, after)


def test_inherited_rights_are_shown_as_such():
    target = server()
    both(target)
    done = run(target, check=True, rights={"Sources": "Modify"})
    key = "C:\\im\\Sources", "IIS APPPOOL\\Agent"
    assert (rows(done, "before")[key], rows(done, "after")[key]) == (
        "allow ReadAndExecute (inherited)",
        "allow Modify",
    )
    unchanged = "C:\\im\\Runtime", "IIS APPPOOL\\Agent"
    assert [unchanged in rows(done, side) for side in ("before", "after")] == [False, False]


def test_a_folder_that_only_inherits_is_shown_as_such():
    target = server()
    target.machine.files.set_sddl("C:\\im\\Sources", f"O:BAD:AI(A;OICI;FA;;;{POOL})(D;OICI;0x2;;;{POOL})")
    key = "C:\\im\\Sources", "IIS APPPOOL\\Agent"
    kept = run(target, check=True, deny="keep")
    assert (rows(kept, "before")[key], rows(kept, "after")[key]) == ("deny 0x2, allow FullControl", "deny 0x2")
    done = both(target)
    assert rows(done, "after")[key] == "what is inherited"
    assert own(target, "C:\\im\\Sources") == []


def test_former_identities_lose_what_is_theirs_and_the_present_one_is_none_of_them():
    target = server(f"O:BAD:AI(A;OICI;0x1301bf;;;{FORMER})(A;OICI;0x1301bf;;;{POOL})(D;OICI;0x2;;;{FORMER})")
    former = [{"pool": "Before"}, {"pool": "Agent"}, {"account": "CONTOSO\\gone"}]
    done = both(target, former_identities=former)
    assert own(target, TEMP, FORMER) == []
    assert own(target, TEMP) == [("A", MODIFY)]
    assert rows(done, "before")[TEMP, "IIS APPPOOL\\Before"] == "deny 0x2, allow Modify"
    assert (TEMP, "IIS APPPOOL\\Before") not in rows(done, "after")
    assert [key for key in rows(done, "before") if key[1] == "IIS APPPOOL\\Before"] == [(TEMP, "IIS APPPOOL\\Before")]


def test_the_facts_say_what_everybody_may_do_by_name():
    target = server(f"O:BAD:PAI(A;OICI;FA;;;BA)(A;OICI;0x1301bf;;;{POOL})(D;OICI;0x2;;;BU)(A;OICIIO;FA;;;SY)")
    facts = run(target, check=True)
    assert facts["effective_rights"][TEMP] == {"Administrators": "FullControl", POOL: "Modify", "Users": "none"}
    assert facts["rights_by_groups"][TEMP] == "none"


def test_changed_rights_restart_the_agent_that_is_started_later_in_the_same_run():
    target, pool = server(), {"name": "Agent", "state": "started"}
    run(target)
    done = target.run("win_im_apppool", pool)
    assert done["restarted_because"] == ["the rights of IIS APPPOOL\\Agent changed"]
    assert run(target)["changed"] is False
    assert target.run("win_im_apppool", pool)["changed"] is False


@pytest.mark.parametrize("folder", ["Runtime", "Sources"])
def test_a_folder_that_inherits_nothing_gets_the_right_of_the_working_directory(folder):
    target = server()
    path = f"C:\\im\\{folder}"
    target.machine.files.set_sddl(path, "O:BAG:SYD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)")
    done = both(target)
    assert f"allow IIS APPPOOL\\Agent ReadAndExecute on {path}" in done["operations"]
    assert own(target, path) == [("A", READ_EXECUTE)]


def planned(**rights):
    """Plan with rights that the emulated server cannot have, by folder; the others are as they are wanted."""
    own = {f"C:\\im\\{name}".rstrip("\\"): f"D:(A;OICI;0x{MASKS[right]:x};;;{POOL})" for name, right in OWN.items()}
    given = {f"C:\\im\\{name}": text for name, text in rights.items()}
    spec = permissions.ARGUMENT_SPEC["argument_spec"]
    options = {name: option.get("default") for name, option in spec.items()}
    wanted = permissions.Wanted.of({**options, "working_directory": "C:\\im", "identity": {"pool": "Agent"}})
    known = {**dict.fromkeys([f"C:\\im\\{name}" for name in FOLDERS], "D:AI"), **own, **given}

    def ask(query):
        if query["kind"] == "acl":
            return [{"sddl": known[path]} if path in known else None for path in query["paths"]]
        return [] if query["kind"] == "settled" else None

    return permissions.plan(wanted, ask, check=False)


CONDITION = "S-1-1-0;(Member_of {SID(BA)})"
SETTLED = {
    "a conditional entry before its own": f"O:BAD:(XD;;FX;;;{CONDITION})(A;OICI;0x1301bf;;;{POOL})",
    "a conditional entry behind it": f"O:BAD:(A;OICI;0x1301bf;;;{POOL})(XA;;FX;;;{CONDITION})",
}


@pytest.mark.parametrize("name", SETTLED)
def test_conditional_entries_hide_nothing_and_are_told(name):
    done = planned(Temp=SETTLED[name])
    assert not done.operations
    assert [w.split(" only under")[0] for w in done.warnings] == [
        f"{TEMP}: found an entry that {'denies' if 'XD' in SETTLED[name] else 'allows'} Everyone 0x1200a0"
    ]


def test_generic_rights_are_what_they_mean_and_are_removed_by_the_writer():
    """win_acl compares names of rights, which generic ones have not."""
    assert not planned(Temp=f"D:(A;OICI;0x1301bf;;;{POOL})", Runtime=f"D:AI(A;OICIID;GA;;;{POOL})").operations
    removal, grant = planned(Temp=f"D:(A;OICI;GA;;;{POOL})").operations
    assert (removal.arguments["operation"], removal.arguments["sid"]) == ("clear_access", POOL)
    assert grant.does == f"allow IIS APPPOOL\\Agent Modify on {TEMP}"


def test_rights_that_cannot_be_read_whole_are_refused_with_their_path():
    with pytest.raises(Refused, match=r"the rights of C:\\im\\Temp cannot be read: .* breaks off"):
        planned(Temp="D:(A;;FA;;;SY)(A;;CCDC")
