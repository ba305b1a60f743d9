"""Rights of files and folders: win_acl, on a server with IIS, since the module finds pools' accounts there.

Not drawn, since the rig cannot do it: accounts without an authority (the module asks ADSI for those, which Wine has
not), rights of registry keys, and of private keys.
"""

from __future__ import annotations

import typing as t

from emulator.windows.machine import Machine
from emulator.windows.security import descriptors
from emulator.windows.security.access_rules import SYNCHRONIZE
from hypothesis import strategies as st

from .. import web_server
from ..world import HERE, Runs, Sequence, State, Step, World, named, quoted

PLACE = f"C:\\fid\\{HERE}"
MODULE = "ansible.windows.win_acl"
TREE = ("", "\\sub", "\\sub\\deep")
FILES = ("\\a.txt", "\\sub\\b.txt")
POOL = "IIS APPPOOL\\DefaultAppPool"
USERS = (
    "S-1-1-0",
    "BUILTIN\\Users",
    POOL,
    "NT AUTHORITY\\NETWORK SERVICE",
    "S-1-5-82-1-2-3-4-5",
    "S-1-5-32-544",
    "S-1-3-0",
)
ODD_USERS = (
    "builtin\\users",
    "CONTOSO\\nobody",
    "IIS APPPOOL\\none",
    "s-1-5-32-545",
    "NT AUTHORITY\\SYSTEM",
    POOL.lower(),
    f"{POOL}\\x",
    "IIS APPPOOL\\",
)
RIGHTS = ("Read", "Modify", "FullControl", "ReadAndExecute", "Write", "Read, Write", "Delete")
ODD_RIGHTS = ("read", "131209", "Synchronize", "ReadData,Execute", "Bogus", "Read,Bogus", "Change", "Generic", "278")
INHERIT = (
    "None",
    "ContainerInherit",
    "ObjectInherit",
    "ContainerInherit,ObjectInherit",
    "containerinherit",
    "Both",
    "",
)

_path = st.sampled_from(("", "", "\\sub", "\\sub\\deep", "\\a.txt", "\\SUB", "\\none", "\\sub\\")).map(PLACE.__add__)
_usual = st.fixed_dictionaries(
    {
        "path": _path,
        "user": st.sampled_from(USERS[:4]),
        "rights": st.sampled_from(RIGHTS[:4]),
        "type": st.sampled_from(("allow", "allow", "allow", "deny")),
    },
    optional={"state": st.sampled_from(("present", "absent"))},
)
_odd = st.fixed_dictionaries(
    {
        "path": _path,
        "user": st.sampled_from((*USERS, *USERS, *ODD_USERS)),
        "rights": st.sampled_from((*RIGHTS, *ODD_RIGHTS)),
        "type": st.sampled_from(("allow", "deny", "Allow")),
    },
    optional={"state": st.sampled_from(("present", "absent", "absent")), "follow": st.booleans()},
)
_inherit = st.fixed_dictionaries(
    {
        "path": _path,
        "user": st.sampled_from(USERS[:2]),
        "rights": st.sampled_from(RIGHTS[:2]),
        "type": st.just("allow"),
        "inherit": st.sampled_from((*INHERIT[:5], *INHERIT)),
    },
    optional={
        "propagation": st.sampled_from(("None", "InheritOnly", "NoPropagateInherit", "inheritonly")),
        "state": st.sampled_from(("present", "absent")),
    },
)
_all = {"path": PLACE, "user": "S-1-1-0", "rights": "Read", "type": "allow"}
BAD = st.sampled_from(
    (
        *({key: value for key, value in _all.items() if key != missing} for missing in _all),
        {**_all, "type": "maybe"},
        {**_all, "state": "gone"},
        {**_all, "propagation": "Some"},
        {**_all, "path": ""},
        {**_all, "nonsense": 1},
    )
)

_LAY = """
$acl = [Security.AccessControl.DirectorySecurity]::new({path}, 'Access')
$acl.AddAccessRule([Security.AccessControl.FileSystemAccessRule]::new(
  [Security.Principal.SecurityIdentifier]::new('{sid}'), {mask}, {inherit}, {propagate}, '{kind}'))
[IO.FileSystemAclExtensions]::SetAccessControl([IO.DirectoryInfo]::new({path}), $acl)
"""
_READ = """
$root = {root}
$found = [ordered]@{{}}
foreach ($below in @({below})) {{
  $path = $root + $below
  $kind = if ([IO.Directory]::Exists($path)) {{ 'DirectorySecurity' }} else {{ 'FileSecurity' }}
  $acl = (New-Object "Security.AccessControl.$kind" $path, 'Access')
  $entries = foreach ($rule in $acl.GetAccessRules($true, $true, [Security.Principal.SecurityIdentifier])) {{
    '{{0}} {{1}} {{2}} 0x{{3:x}} {{4}} {{5}}' -f [int]$rule.IsInherited, $rule.AccessControlType,
      $rule.IdentityReference, [int]$rule.FileSystemRights, [int]$rule.InheritanceFlags, [int]$rule.PropagationFlags
  }}
  $found['.' + $below] = [ordered]@{{ entries = [string]::Join('; ', [string[]]($entries | Sort-Object)) }}
}}
ConvertTo-Json $found -Depth 4 -Compress
"""


def _call(path: str = "", check: bool = False, **arguments: t.Any) -> Step:
    return Step(MODULE, {**_all, "path": PLACE + path, **arguments}, check)


def _line(ace: descriptors.Ace) -> str:
    kind = "Allow" if ace.kind == "A" else "Deny"
    inherit = sum(bit for flag, bit in (("CI", 1), ("OI", 2)) if flag in ace.flags)
    propagate = sum(bit for flag, bit in (("NP", 1), ("IO", 2)) if flag in ace.flags)
    return f"{int('ID' in ace.flags)} {kind} {ace.sid} 0x{ace.rights:x} {inherit} {propagate}"


FIXED = (
    Sequence(
        [],
        (
            _call(check=True),
            _call(),
            _call(),
            _call(rights="Modify"),
            _call(rights="Modify", inherit="None"),
            _call(rights="Read", state="absent"),
            _call(rights="Modify", state="absent", check=True),
            _call(rights="Modify", state="absent"),
            _call("\\a.txt", rights="Write", type="deny", propagation="InheritOnly"),
            _call("\\a.txt", rights="Write", type="deny", state="absent"),
            _call("\\none"),
            _call(user="CONTOSO\\nobody"),
            _call(user="IIS APPPOOL\\none"),
            _call(rights="Bogus"),
            _call(rights="Read,Bogus"),
            _call(inherit="Both"),
            _call(type="maybe"),
        ),
    ),
    Sequence(
        [],
        (
            _call(rights="Read", inherit="ContainerInherit"),
            _call(rights="Read", inherit="ObjectInherit"),
            _call(rights="Modify", inherit="None"),
            _call(rights="Read"),
            _call(rights="Read", state="absent"),
        ),
    ),
    Sequence(
        [],
        (
            _call(user=POOL, rights="Modify", check=True),
            _call(user=POOL, rights="Modify"),
            _call(user=f"{POOL.lower()}\\x", rights="Modify"),
            _call(user=POOL, rights="Modify", state="absent"),
            _call(user="IIS APPPOOL\\"),
        ),
    ),
)


class RightsWorld(World):
    """A folder with folders and files, some with entries of their own."""

    name = "rights"
    steps: t.Mapping[str, st.SearchStrategy[Step]] = {
        MODULE: st.one_of(_usual, _usual, _usual, _odd, _inherit, _inherit, BAD).map(lambda a: Step(MODULE, a))
    }
    around = _usual.map(lambda arguments: Step(MODULE, arguments))
    fixed = FIXED

    def start(self) -> st.SearchStrategy[t.Any]:
        """Return entries of folders: where, kind, SID, mask, and the flags of inheritance and propagation."""
        entry = st.tuples(
            st.sampled_from(TREE),
            st.sampled_from(("Allow", "Allow", "Deny")),
            st.sampled_from(("S-1-1-0", "S-1-5-32-545")),
            st.sampled_from((descriptors.READ, descriptors.MODIFY, descriptors.FULL)),
            st.sampled_from(((0, 0), (3, 0), (1, 0), (3, 2), (3, 1))),
        ).map(lambda found: [*found[:4], *found[4]])
        return st.lists(entry, max_size=2, unique_by=lambda found: (found[0], found[2]))

    def prepare(self, real: Runs) -> None:
        """Install IIS."""
        web_server.prepare(real)

    def machine(self) -> Machine:
        """Return a server with IIS."""
        return web_server.server()

    def lay_script(self, start: t.Any, name: str) -> str:
        """Return the script that makes the tree and sets the entries, and a fresh configuration of IIS."""
        root = named(PLACE, name)
        lines = [web_server.lay_script({})]
        lines += [f"$null = [IO.Directory]::CreateDirectory({quoted(root + below)})" for below in TREE]
        lines += [f"[IO.File]::WriteAllText({quoted(root + below)}, 'x')" for below in FILES]
        for below, kind, sid, mask, inherit, propagate in start:
            lines.append(
                _LAY.format(
                    path=quoted(root + below), kind=kind, sid=sid, mask=mask, inherit=inherit, propagate=propagate
                )
            )
        return "\n".join(lines)

    def lay(self, machine: Machine, start: t.Any, name: str) -> None:
        """Make the tree and set the entries in the model."""
        root = named(PLACE, name)
        for below in TREE:
            machine.files.make_folder(root + below)
        for below in FILES:
            machine.files.write(root + below, b"x")
        for below, kind, sid, mask, inherit, propagate in start:
            flags = {flag for flag, bit in (("CI", 1), ("OI", 2)) if inherit & bit}
            flags |= {flag for flag, bit in (("NP", 1), ("IO", 2)) if propagate & bit}
            rights = mask & ~SYNCHRONIZE if kind == "Deny" and mask != descriptors.FULL else mask
            own = machine.files.entry(root + below).explicit
            machine.files.set_rights(root + below, [*own, descriptors.Ace(kind[0], frozenset(flags), rights, sid)])

    def read_script(self, name: str) -> str:
        """Return the script that lists all entries, inherited ones too, in an order of its own."""
        below = ", ".join(f"'{path}'" for path in (*TREE, *FILES))
        return _READ.format(root=quoted(named(PLACE, name)), below=below)

    def read(self, machine: Machine, name: str) -> State:
        """List all entries in the model."""
        root = named(PLACE, name)
        return {
            f".{below}": {"entries": "; ".join(sorted(map(_line, machine.files.descriptor(root + below).aces)))}
            for below in (*TREE, *FILES)
        }
