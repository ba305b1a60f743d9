"""Facts of a server: setup.

The engine's process and machine are not the model's: of names, addresses, sizes and times the shape counts. What WMI,
the firmware and the rig's cmdlets cannot tell is in the table of known differences, with the values that come instead.
Not drawn are facts in a folder whose files are no JSON or fail.
"""

from __future__ import annotations

import base64
import functools
import re
import typing as t

from emulator.handlers.ansible_windows_facts import COMMENT, GROUPS, SERVER_MANAGER, SERVICING, SESSION_MANAGER
from emulator.windows.machine import Machine
from emulator.windows.registry import value_data
from emulator.windows.system.edition import CURRENT_VERSION
from emulator.windows.system.environment import KEY, USER_KEY
from hypothesis import strategies as st

from ..known import ABSENT, Difference, Known
from ..tree import PLACE, TreeWorld, lay, lay_script
from ..world import HERE, NAMED, Sequence, Step, quoted
from .files import empty_path

MODULE = "ansible.windows.setup"

VALUES = {
    "installed": (CURRENT_VERSION, "InstallTime", "QWord"),
    "owner": (CURRENT_VERSION, "RegisteredOwner", "String"),
    "comment": (COMMENT, "srvcomment", "String"),
    "renames": (SESSION_MANAGER, "PendingFileRenameOperations", "MultiString"),
    "roles": (SERVER_MANAGER, "RestartRequired", "DWord"),
}
"""What the module reads from the registry, by the start state's words: key, name, kind."""


def _content(text: str) -> dict[str, str]:
    return {"content": base64.b64encode(text.encode()).decode()}


FILES = {
    f"{PLACE}\\facts\\site.json": _content('{"name": "h\\u00e4", "ports": [80, 443], "deep": {"a": null, "b": true}}'),
    f"{PLACE}\\facts\\count.json": _content("5"),
    f"{PLACE}\\facts\\table.ps1": _content("@{a = 1; b = 'x y'}"),
    f"{PLACE}\\facts\\several.ps1": _content("'one'; 2"),
    f"{PLACE}\\facts\\silent.ps1": _content("$null"),
    f"{PLACE}\\facts\\ignored.txt": _content("no fact"),
    f"{PLACE}\\facts\\UPPER.JSON": _content("{}"),
    f"{PLACE}\\facts\\inside\\below.json": _content("{}"),
}
QUICK = ("local", "powershell_version", "user", "windows_domain", "uptime", "memory", "env", "winrm")
SUBSETS = (*QUICK, *QUICK, *(name for names in GROUPS.values() for name in names))
WORDS = (
    "!all",
    "!min",
    "!network",
    "!hardware",
    "!external",
    "!platform",
    "min",
    "network",
    "hardware",
    "all",
    "external",
)
ODD_WORDS = ("nonsense", "!nonsense", "USER", "!ALL", "Network", "!user", "", "!", "h\u00e4")

_few = st.lists(st.sampled_from(SUBSETS), min_size=1, max_size=3).map(lambda names: ["!all", "!min", *names])
_words = st.lists(st.sampled_from((*WORDS, *SUBSETS, *ODD_WORDS)), max_size=3)
_folder = st.sampled_from(("facts", "facts", "facts", "none", "facts\\site.json", "facts\\inside", "FACTS\\")).map(
    lambda name: f"{PLACE}\\{name}"
)
FEW = st.fixed_dictionaries({"gather_subset": _few})
AS_TEXT = _few.map(lambda names: {"gather_subset": ",".join(names)})
BY_WORDS = st.fixed_dictionaries({"gather_subset": _words})
WITH_FOLDER = st.fixed_dictionaries(
    {"gather_subset": st.sampled_from((["!all", "!min", "local"], ["!all", "!min", "local", "user"]))},
    optional={"fact_path": st.one_of(_folder, st.just(f"%SystemDrive%\\fid\\{HERE}\\facts"), st.just(""))},
)
WITH_OPTIONS = st.fixed_dictionaries(
    {"gather_subset": _few},
    optional={
        "gather_timeout": st.sampled_from((30, "60", "soon")),
        "filter": st.sampled_from(("ansible_user*", ["ansible_env"], None)),
        "nonsense": st.just({"a": 1}),
        "_measure_subset": st.sampled_from((True, False, "yes")),
    },
)
USUAL = st.sampled_from(({}, {"gather_subset": "min"}, {"gather_subset": ["!all"]}, {"gather_subset": None}))


def _call(*subsets: str, check: bool = False, **more: t.Any) -> Step:
    return Step(MODULE, {"gather_subset": ["!all", "!min", *subsets], **more}, check)


# No fixed call asks for the variables: they would record the machine on which the engine runs.
FIXED = (
    Sequence(
        {"files": FILES, "installed": 132000000000000000, "owner": "Contoso", "comment": "h\u00e4", "servicing": True},
        (
            Step(MODULE, {"gather_subset": ["!env"]}),
            Step(MODULE, {"gather_subset": ["!all", "!env"]}, check=True),
            Step(MODULE, {"gather_subset": ["!ALL", "!min", "USER", "Network", "!windows_domain", "!nonsense"]}),
            _call("user", "user", filter="ansible_*", nonsense=5, _measure_subset=True),
            _call("local", fact_path=f"{PLACE}\\facts"),
            _call("local", fact_path=f"{PLACE}\\none"),
            _call("local", fact_path=f"{PLACE}\\facts\\site.json"),
            _call(gather_timeout="soon"),
        ),
    ),
    Sequence({"renames": ["\\??\\C:\\x", ""]}, (_call("platform"), _call("distribution"))),
    Sequence({"roles": 1}, (_call("platform"),)),
    Sequence({"comment": "only"}, (_call("platform"),)),
)

_ADDRESS, _NAME, _NUMBER = r"[0-9a-f.:]+(%\d+)?", r"[\w.-]+", r"\d+"
OWN = {
    "ansible_domain": r"[\w.-]*",
    "ansible_hostname": _NAME,
    "ansible_fqdn": _NAME,
    "ansible_nodename": _NAME,
    "ansible_netbios_name": r"[A-Z0-9-]{1,15}",
    "ansible_windows_domain": _NAME,
    "ansible_memtotal_mb": _NUMBER,
    "ansible_memfree_mb": _NUMBER,
    "ansible_processor_count": _NUMBER,
    "ansible_processor_vcpus": _NUMBER,
    "ansible_processor_cores": _NUMBER,
    "ansible_processor_threads_per_core": _NUMBER,
    "ansible_lastboot": r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ",
    "ansible_uptime_seconds": _NUMBER,
    "ansible_user_dir": r"(?i)C:\\users\\\w+",
    "ansible_user_id": r"\w+",
    "ansible_user_sid": r"S-1-5-21-\d+-\d+-\d+-\d+",
    "ansible_product_serial": r".+",
    "ansible_product_uuid": r"[0-9A-F]{8}-([0-9A-F]{4}-){3}[0-9A-F]{12}",
    "ansible_product_name": r".+",
    "ansible_system_vendor": r".+",
    "ansible_bios_version": r".+",
    "ansible_bios_date": r"\d\d/\d\d/\d{4}",
    "ansible_virtualization_type": r"[\w-]+",
}
"""Facts that are the machine's own: compared is their shape."""
OF_AN_INTERFACE = {
    "connection_name": ".+",
    "default_gateway": _ADDRESS,
    "dns_domain": "None|.+",
    "interface_index": _NUMBER,
    "interface_name": ".+",
    "macaddress": "[0-9A-F]{2}(:[0-9A-F]{2}){5}",
    "mtu": _NUMBER,
    "speed": _NUMBER,
}
NOT_TOLD = {
    **dict.fromkeys(("ansible_distribution", "ansible_os_name", "ansible_architecture"), (None, "WMI")),
    **dict.fromkeys(("ansible_pagefiletotal_mb", "ansible_pagefilefree_mb"), (0, "WMI")),
    "ansible_processor_cores": (None, "WMI"),
    "ansible_processor_threads_per_core": (ABSENT, "WMI"),
    **dict.fromkeys(("ansible_bios_date", "ansible_bios_version", "ansible_product_name"), (None, "the firmware")),
    "ansible_system_vendor": (None, "the firmware"),
    "ansible_virtualization_role": ("NA", "the firmware"),
    "ansible_virtualization_type": ("NA", "the firmware"),
    "ansible_os_product_type": ("workstation", "Wine"),
    "ansible_windows_domain_role": ("Stand-alone workstation", "Wine"),
}
"""Facts that Wine cannot tell: what it gives instead, and what would tell it."""
NOT_READ: dict[str, t.Any] = {"ansible_date_time": ABSENT, "ansible_processor": [], "ansible_machine_id": None}
"""Facts that the rig's cmdlets and assemblies cannot read, with what it gives instead."""
WARNINGS = re.compile(
    r"Error when collecting (memory|distribution|platform|processor) facts:"
    r" The term 'Get-CimInstance' is not recognized .*"
    r"|Error when collecting distribution facts: You cannot call a method on a null-valued expression\..*"
    r"|Error when collecting processor facts: Attempted to divide by zero\..*"
    r"|Error when collecting date_time facts: A parameter cannot be found that matches parameter name 'UFormat'\..*"
    r"|Error when collecting (distribution|platform) facts: Property"
    r" (InstallTime|RegisteredOwner|srvcomment|PendingFileRenameOperations|RestartRequired)"
    r" does not exist at path HKEY_LOCAL_MACHINE\\.*"
    r"|Error during machine sid retrieval: Could not load file or assembly"
    r" 'System\.DirectoryServices\.AccountManagement, .*",
    re.DOTALL,
)
OF_WINE = re.compile(
    r"WINE\w+|XDG_\w+|IMPS_\w+|winsysdir|LANG|SHLVL|OLDPWD|CLIENTNAME|SESSIONNAME|LOGONSERVER|HOMEDRIVE|HOMEPATH|PATH"
    r"|PSExecutionPolicyPreference|\w*(?i:proxy)\w*"
)
_FORGET = """
foreach ($name in @([Environment]::GetEnvironmentVariables().Keys) -match '^{named}') {{
  [Environment]::SetEnvironmentVariable($name, [NullString]::Value)
}}
foreach ($key in [Microsoft.Win32.Registry]::LocalMachine.CreateSubKey({machine}),
  [Microsoft.Win32.Registry]::CurrentUser.CreateSubKey({user})) {{
  foreach ($name in $key.GetValueNames() -match '^{named}') {{ $key.DeleteValue($name) }}
  $key.Dispose()
}}"""
"""Removes variables that sequences of win_environment left: an engine that starts after them has them."""
OF_THE_PROCESS = ("COMPUTERNAME", "USERDOMAIN", "NUMBER_OF_PROCESSORS", "PATHEXT", "PSModulePath")


def _among(facts: t.Mapping[str, t.Any], difference: Difference) -> bool:
    """Tell whether the engine gave for one of these facts what it gives instead."""
    name, real = difference.field[1], difference.real
    return name in facts and real == facts[name] and difference.modelled != ABSENT


def _warnings_of_the_rig(difference: Difference) -> bool:
    if difference.real == ABSENT:
        return False
    said = [] if difference.modelled == ABSENT else difference.modelled
    return [text for text in difference.real if not WARNINGS.fullmatch(text)] == said


def _address_not_computed(difference: Difference) -> bool:
    """Tell whether an address has the name of a class in the place of its two properties."""
    name = "System.Collections.Hashtable"
    if len(difference.field) == 4:
        return name in str(difference.real)
    return (difference.field[-1] == name and difference.real is None) or (
        difference.field[-1] in {"address", "prefix"} and difference.real == ABSENT
    )


def _installation_not_read(difference: Difference) -> bool:
    """Tell whether the kind of installation is missing because the date, which is read along, is."""
    dates = [result["ansible_facts"]["ansible_os_install_date"] for result in difference.results]
    return (difference.real, difference.modelled, dates) == (None, "Server", [None, None])


def _of_another_process(difference: Difference) -> bool:
    """Tell whether a variable is one of Wine's, or has a value that the engine's process has for itself."""
    name, real, modelled = difference.field[-1], difference.real, difference.modelled
    if modelled == ABSENT:
        return OF_WINE.fullmatch(name) is not None
    if real == ABSENT:
        return name == "Path"
    same = str(real).lower() == str(modelled).lower().replace("\\administrator", "\\root")
    return same or name in OF_THE_PROCESS or name.startswith("PROCESSOR_") or (name, real) == ("USERNAME", "root")


class FactsWorld(TreeWorld):
    """A server with some traces in its registry, and a folder with facts of its own."""

    name = "facts"
    steps: t.Mapping[str, st.SearchStrategy[Step]] = {
        MODULE: st.one_of(FEW, FEW, AS_TEXT, BY_WORDS, BY_WORDS, WITH_FOLDER, WITH_FOLDER, WITH_OPTIONS, USUAL).map(
            lambda arguments: Step(MODULE, arguments)
        )
    }
    fixed = FIXED
    known = (
        Known(
            "message for an empty path of facts",
            (MODULE,),
            ("msg",),
            "engine 7",
            ".NET says that it is empty, .NET Framework that it has no legal form",
            empty_path,
        ),
        *(
            Known(
                f"no facts from {source}: {', '.join(sorted(facts))}",
                (MODULE,),
                ("ansible_facts", "*"),
                "Wine",
                f"facts from {source} are empty under Wine, or those of a workstation",
                functools.partial(_among, facts),
            )
            for source in ("WMI", "the firmware", "Wine")
            for facts in [{fact: value for fact, (value, of) in NOT_TOLD.items() if of == source}]
        ),
        Known(
            "facts that the rig's cmdlets cannot read",
            (MODULE,),
            ("ansible_facts", "*"),
            "rig",
            "its Get-Date has no -UFormat, its Select-Object no computed properties, and AccountManagement is missing",
            functools.partial(_among, NOT_READ),
        ),
        *(
            Known(
                f"addresses of an interface: {'.'.join(field)}",
                (MODULE,),
                ("ansible_facts", "ansible_interfaces", "*", *field),
                "rig",
                "its Select-Object has no computed properties",
                _address_not_computed,
            )
            for field in (("ipv4",), ("ipv6",), ("ipv4", "*"), ("ipv6", "*"))
        ),
        *(
            Known(
                f"a value that the registry lacks: {field}",
                (MODULE,),
                ("ansible_facts", f"ansible_{field}"),
                "rig",
                "its Get-ItemProperty fails for a missing value, whatever -ErrorAction says, so that the"
                " variable stays empty",
                when,
            )
            for field, when in (
                ("owner_name", lambda d: (d.real, d.modelled) == (None, "")),
                ("system_description", lambda d: (d.real, d.modelled) == (None, "")),
                ("os_installation_type", _installation_not_read),
            )
        ),
        Known(
            "message for a timeout that is not a number",
            (MODULE,),
            ("msg",),
            "engine 7",
            ".NET names the value, .NET Framework does not",
            lambda d: (
                value_data.NO_NUMBER in str(d.modelled)
                and re.sub(r"The input string '[^']*' was", "Input string was", str(d.real)) == d.modelled
            ),
        ),
        Known(
            "version of PowerShell",
            (MODULE,),
            ("ansible_facts", "ansible_powershell_version"),
            "engine 7",
            "the engine's is 7, the model's is 5",
            lambda d: (d.real, d.modelled) == (7, 5),
        ),
        Known(
            "warnings of facts that could not be read",
            (MODULE,),
            ("warnings",),
            "Wine",
            "the module warns of each command that failed because WMI or a parameter of the rig's cmdlets is missing",
            _warnings_of_the_rig,
        ),
        Known(
            "variables of the engine's process",
            (MODULE,),
            ("ansible_facts", "ansible_env", "*"),
            "Wine",
            "Wine has variables of its own, another user, and lower case in C:\\Windows and PATH",
            _of_another_process,
        ),
    )

    def start(self) -> st.SearchStrategy[t.Any]:
        """Return values of the registry, and files with facts."""
        return st.fixed_dictionaries(
            {"files": st.lists(st.sampled_from(sorted(FILES)), unique=True).map(lambda n: {k: FILES[k] for k in n})},
            optional={
                "installed": st.sampled_from((132000000000000000, 133456789012345678)),
                "owner": st.sampled_from(("Contoso", "h\u00e4", "")),
                "comment": st.sampled_from(("a server", "")),
                "renames": st.just(["\\??\\C:\\x", ""]),
                "roles": st.sampled_from((0, 1)),
                "servicing": st.just(True),
            },
        )

    def lay_script(self, start: t.Any, name: str) -> str:
        """Return the script that sets or removes the registry's values, removes the variables of other sequences and
        makes the files.
        """
        lines = [lay_script({PLACE.replace(HERE, name): None, **start.get("files", {})})]
        machine_key, user_key = (quoted(place.partition("\\")[2]) for place in (KEY, USER_KEY))
        lines.append(_FORGET.format(named=NAMED, machine=machine_key, user=user_key))
        lines.append(_set(CURRENT_VERSION, "InstallationType", "String", "Server"))
        lines += [_set(*place, start.get(word)) for word, place in VALUES.items()]
        machine = "[Microsoft.Win32.Registry]::LocalMachine"
        key = quoted(SERVICING.partition("\\")[2])
        if start.get("servicing"):
            lines.append(f"$null = {machine}.CreateSubKey({key})")
        else:
            lines.append(f"{machine}.DeleteSubKeyTree({key}, $false)")
        return "\n".join(lines)

    def lay(self, machine: Machine, start: t.Any, name: str) -> None:
        """Do the same in the model."""
        lay(machine, {PLACE.replace(HERE, name): None, **start.get("files", {})})
        for word, place in VALUES.items():
            if start.get(word) is not None:
                machine.registry.set(*place, start[word])
        if start.get("servicing"):
            machine.registry.make(SERVICING)

    def same(self, field: tuple[str, ...], real: t.Any, modelled: t.Any) -> bool:
        """What is the machine's own is the same when both have the same shape."""
        if field[0] != "ansible_facts" or len(field) == 1:
            return False
        if field[1] == "measure_info":
            return all(isinstance(value, float | int) for value in (real, modelled))
        if field[1] == "ansible_ip_addresses":
            lists = [value if isinstance(value, list) else [value] for value in (real, modelled)]
            return all(re.fullmatch(_ADDRESS, str(address)) for found in lists for address in found)
        if field[1] == "ansible_interfaces" and len(field) == 4:
            return _alike(OF_AN_INTERFACE.get(field[-1]), real, modelled)
        return len(field) == 2 and type(real) is type(modelled) and _alike(OWN.get(field[1]), real, modelled)


def _alike(shape: str | None, *values: t.Any) -> bool:
    return shape is not None and all(re.fullmatch(shape, str(value)) for value in values)


def _set(path: str, name: str, kind: str, data: t.Any) -> str:
    """Return the line that sets a value of the registry, or removes it where there is no data."""
    key = f"[Microsoft.Win32.Registry]::LocalMachine.CreateSubKey({quoted(path.partition(chr(92))[2])})"
    if data is None:
        return f"{key}.DeleteValue('{name}', $false)"
    types = {"QWord": "[long]", "DWord": "[int]", "MultiString": "[string[]]", "String": "[string]"}
    shown = f"@({', '.join(map(quoted, data))})" if isinstance(data, list) else quoted(str(data))
    return f"{key}.SetValue('{name}', {types[kind]}{shown}, '{kind}')"
