"""Broad groups in the agent's folders: restricted or reported, as chosen or by whose working directory it is; and who
may put another folder in the place of these.
"""

from __future__ import annotations

import chain
import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._windows import broad_groups, sddl
from emulator.windows.security.descriptors import pool_sid

SID = pool_sid("Agent")
FOLDERS = ("Runtime", "Temp", "Work", "Mails", "Sources")
RUNTIME = "C:\\im\\Runtime"
SETTINGS = f"{RUNTIME}\\appsettings.json"
OPEN = "O:BAD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1301bf;;;BU)"
EXACT = f"O:BAD:PAI(A;;FA;;;SY)(A;;FA;;;BA)(A;;0x120089;;;{SID})"


def server(*, ours=False, settings="", **more):
    files = {f"C:\\im\\{name}": {"folder": True} for name in FOLDERS}
    files |= {"C:\\im": {"folder": True, "sddl": OPEN}, SETTINGS: {"text": "{}"}}
    files |= {f"{RUNTIME}\\.im-runtime": {"text": "0" * 64}} if ours else {}
    target = chain.server({"features": ["Web-Server"], "pools": [{"name": "Agent"}], "files": files, **more})
    if settings:
        target.machine.files.set_sddl(SETTINGS, settings)
    return target


def run(target, check=False, **options):
    target.new_run()
    arguments = {"working_directory": "C:\\im", "identity": {"pool": "Agent"}, **options}
    return target.run("win_im_permissions", arguments, check=check)


def told(done):
    """Return the warnings without the server's name."""
    return [warning.split(": ", 1)[1] for warning in done.get("warnings", ())]


def rights(target):
    return {path: target.machine.files.sddl(path) for path in ("C:\\im", RUNTIME, SETTINGS)}


@pytest.mark.parametrize(
    ("chosen", "ours", "restricts"),
    [(None, True, True), (None, False, False), ("restrict", False, True), ("report", True, False)],
)
def test_what_is_chosen_counts_and_by_default_whose_working_directory_it_is(chosen, ours, restricts):
    target = server(ours=ours)
    done = chain.foretold(run, target, **({"broad": chosen} if chosen else {}))
    planted = [w for w in told(done) if "plants a settings file" in w]
    read = [w for w in told(done) if w.startswith(f"{SETTINGS}: ")]
    assert ("let Users no longer write in C:\\im" in done["operations"]) is restricts
    assert (bool(planted), bool(read)) == (not restricts, not restricts)
    assert ("0x1301bf;;;BU" in target.machine.files.sddl("C:\\im")) is not restricts


def test_a_report_names_who_may_plant_or_read_what_and_the_remedy_and_changes_nothing_of_others():
    target = server()
    run(target)
    before = rights(target)
    warnings = told(run(target))
    assert rights(target) == before
    remedy = "set im_permissions_broad (option broad) to restrict, or change the rights by hand"
    assert [w for w in warnings if w.startswith("C:\\im: ")] == [
        "C:\\im: found that Users may create, change or delete files there, wanted that only administrators and the"
        f" agent's identity may: whoever plants a settings file there owns the agent; {remedy}"
    ]
    assert [w for w in warnings if w.startswith(SETTINGS)] == [
        f"{SETTINGS}: found that Users may read it, wanted that only administrators and the agent's identity may, since"
        f" it may hold secrets; {remedy}"
    ]


def test_a_report_is_silent_about_what_is_as_it_has_to_be():
    target = server(settings=EXACT)
    target.machine.files.set_sddl("C:\\im", "O:BAD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)")
    assert told(run(target)) == []


SOMEBODY = "S-1-5-21-1-2-3-1001"
READING = "O:BAD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)"
LISTS = {
    # Without a list everybody may do everything, [MS-DTYP] 2.4.5: it gets the rights of a new folder.
    "none": ("O:BAD:NO_ACCESS_CONTROL", broad_groups.NEW_FOLDER, ("Everyone",)),
    "none, and somebody owns it": (
        f"O:{SOMEBODY}D:NO_ACCESS_CONTROL",
        broad_groups.NEW_FOLDER,
        ("Everyone", f"the owner {SOMEBODY}"),
    ),
    "empty": ("O:BAD:P", "", ()),
    "reading": (READING, "", ()),
    "a condition on what a broad group may write": (f"{READING}(XA;;FA;;;WD;(Member_of {{SID(BA)}}))", "", ()),
    "a condition beside another entry": (
        "O:BAD:PAI(A;OICI;FA;;;BA)(A;OICI;FA;;;WD)(XA;;FA;;;WD;(Member_of {SID(BA)}))",
        "D:PAI(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;WD)(XA;;FA;;;WD;(Member_of {SID(BA)}))",
        ("Everyone",),
    ),
    "generic rights": ("O:BAD:PAI(A;OICI;GA;;;AU)", "D:PAI(A;OICI;0x1200a9;;;AU)", ("Authenticated Users",)),
    "only writing": ("O:BAD:PAI(A;OICI;FA;;;BA)(A;CI;0x6;;;BU)", "D:PAI(A;OICI;FA;;;BA)", ("Users",)),
    "a denial stays first": (
        f"O:BAD:PAI(A;OICI;FA;;;WD)(D;OICI;0x2;;;{SOMEBODY})",
        f"D:PAI(D;OICI;0x2;;;{SOMEBODY})(A;OICI;0x1200a9;;;WD)",
        ("Everyone",),
    ),
    "those who create keep nothing": (
        "O:BAD:PAI(A;OICI;FA;;;BA)(A;OICIIO;FA;;;CO)(A;OICI;0x1301bf;;;BU)",
        "D:PAI(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)",
        ("Users",),
    ),
    "somebody owns it": (f"O:{SOMEBODY}D:PAI(A;OICI;FA;;;BA)", "O:BAD:PAI(A;OICI;FA;;;BA)", (f"the owner {SOMEBODY}",)),
}


@pytest.mark.parametrize("name", LISTS)
def test_each_list_is_changed_only_where_a_broad_group_or_an_owner_could_write(name):
    text, change, writers = LISTS[name]
    found = broad_groups.restricted(text, "C:\\im", None)
    assert (found.change, found.writers) == (change, writers)
    again = broad_groups.restricted(found.after, "C:\\im", None)
    assert (again.change, again.writers) == ("", ())


ABOVE = {
    "a fresh drive": ("(A;OICI;0x1200a9;;;BU)(A;CI;LC;;;BU)(A;CIIO;DC;;;BU)", ""),
    "full control": ("(A;OICI;FA;;;WD)", "Everyone"),
    "delete what is below": ("(A;;DT;;;AU)", "Authenticated Users"),
    "change the rights": ("(A;;0x40000;;;BU)", "Users"),
    "modify": ("(A;OICI;0x1301bf;;;BU)", ""),
    "of what is below only": ("(A;OICIIO;FA;;;BU)", ""),
    "administrators": ("(A;OICI;FA;;;SY)", ""),
    "two groups": ("(A;OICI;FA;;;BU)(A;OICI;FA;;;WD)", "Users, Everyone"),
}


@pytest.mark.parametrize("name", ABOVE)
@pytest.mark.parametrize("chosen", ["restrict", "report"])
def test_who_may_put_another_folder_in_the_place_of_the_agent_s_is_reported_and_left(name, chosen):
    entries, who = ABOVE[name]
    target = server(settings=EXACT)
    target.machine.files.set_sddl("C:\\", f"O:BAD:PAI(A;OICI;FA;;;BA){entries}")
    before = target.machine.files.sddl("C:\\")
    warnings = [w for w in told(run(target, broad=chosen)) if w.startswith("C:\\: ")]
    assert [w.split(" may delete or rename")[0] for w in warnings] == ([f"C:\\: found that {who}"] if who else [])
    assert target.machine.files.sddl("C:\\") == before


def test_the_folders_that_those_elsewhere_lie_in_are_reported_too():
    target = server(drives={"D": {}})
    target.machine.files.make_folder("D:\\open\\Work")
    target.machine.files.set_sddl("D:\\open", "O:BAD:PAI(A;OICI;FA;;;WD)")
    warnings = told(run(target, folders={"Work": "D:\\open\\Work"}))
    assert [w.split(": ")[0] for w in warnings if "may delete or rename" in w] == ["D:\\open"]


def test_a_group_of_a_domain_is_as_broad_as_users():
    assert broad_groups.broad_name("S-1-5-21-1-2-3-513") == "Domain Users"
    assert broad_groups.broad_name("S-1-5-21-1-2-3-512") == ""
    assert broad_groups.writers(sddl.parse("O:BAD:(A;OICI;0x1301bf;;;S-1-5-21-1-2-3-513)")) == ("Domain Users",)
