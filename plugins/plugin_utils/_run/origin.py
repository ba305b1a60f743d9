# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where a variable was set, such as ``group_vars/agents/agent.yml:12``.

ansible-core 2.19 and newer tags what it reads with its origin. The tag is private in ansible-core: without it a
variable's name stands alone. Values must be those that Ansible hands over, before templates are filled in and types
are changed. Never give such a value to ``AnsibleError(obj=…)``, which shows the lines around it, secrets among them.
"""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

from .role_tasks import ROLES

try:
    from ansible._internal._datatag import _tags
except ImportError:  # pragma: no cover
    _tags = None  # type: ignore[assignment]  # private in ansible-core, see above

Variables = t.Mapping[str, t.Any]
NOWHERE = "set nowhere"
DEFAULT = "the default of the role"
_COMMAND_LINE = re.compile(r"<CLI option '(-\w|--[\w-]+)'>")
_ENTRY = re.compile(r", entry (\d+)")


def place(path: str, variables: Variables) -> str:
    """Return where a variable, or what is inside it, was set; empty where nobody knows.

    Args:
        path: its name, with the path inside it: ``im_agent_connections.AD.Password``,
            ``im_agent_certificates, entry 2``.
        variables: the host's, as Ansible hands them over.
    """
    name = re.split(r"[.,]", path, maxsplit=1)[0]
    if name not in variables:
        return NOWHERE
    return of(_nearest(variables[name], path[len(name) :]), variables)


def is_of_user(found: str) -> bool:
    """Tell whether a place is one where a user set something."""
    return bool(found) and found != NOWHERE and not found.startswith(DEFAULT)


def with_place(text: str, arguments: t.Mapping[str, t.Any], variables: Variables) -> str:
    """Return a module's refusal with the place of the option that it begins with, after that option.

    Args:
        text: the refusal.
        arguments: the task's arguments.
        variables: the host's, for the folders of inventory and playbook.
    """
    option, colon, rest = text.partition(": ")
    if not colon or re.split(r"[.,]", option, maxsplit=1)[0] not in arguments:
        return text
    found = of(_nearest(dict(arguments), f".{option}"), variables)
    return f"{option} ({found}): {rest}" if found else text


def of(value: t.Any, variables: Variables) -> str:
    """Return where a value was set; empty where nobody knows.

    Args:
        value: the value; booleans and nothing cannot have a tag.
        variables: the host's, for the folders of inventory and playbook.
    """
    origin = _tags.Origin.get_tag(value) if _tags and value is not None else None
    if not origin:
        return ""
    if not origin.path:
        told = origin.description or ""
        option = _COMMAND_LINE.fullmatch(told)
        return f"the option {option[1]}" if option else told.strip("<>").replace("unknown", "")
    path = Path(origin.path).resolve()  # a collection may be installed by a link
    if path.is_relative_to(ROLES):
        return f"{DEFAULT} {path.relative_to(ROLES).parts[0]}"
    shown = _relative(Path(origin.path), variables)
    return f"{shown}:{origin.line_num}" if origin.line_num else shown


def _nearest(value: t.Any, rest: str) -> t.Any:
    """Return what stands at the end of a path inside a value, or as near to it as there is a tag.

    A key tells its place where its value cannot: it stands in the same file as its dictionary, unless dictionaries of
    several files were merged.
    """
    nearest = value
    while rest:
        entry = _ENTRY.match(rest)
        if entry and isinstance(value, list) and 0 < int(entry[1]) <= len(value):
            value, rest = value[int(entry[1]) - 1], rest[entry.end() :]
        elif isinstance(value, dict):
            keys = [key for key in value if re.match(rf"\.{re.escape(str(key))}(?=[.,]|$)", rest)]
            if not keys:
                break
            key = max(keys, key=lambda key: len(str(key)))
            nearest = key if _is_in_one_file(key, value) else nearest
            value, rest = value[key], rest[len(str(key)) + 1 :]
        else:
            break
        nearest = value if _origin_path(value) else nearest
    return nearest


def _is_in_one_file(key: t.Any, parent: t.Any) -> bool:
    return _origin_path(key) is not None and _origin_path(key) == _origin_path(parent)


def _origin_path(value: t.Any) -> str | None:
    origin = _tags.Origin.get_tag(value) if _tags and value is not None else None
    return (origin.path or origin.description) if origin else None


def _relative(path: Path, variables: Variables) -> str:
    """Return a file's path from the folder of the inventory or playbook that it is below, the nearest first."""
    named = [
        *(variables.get("ansible_inventory_sources") or ()),
        *map(variables.get, ("inventory_dir", "playbook_dir")),
    ]
    sources = [Path(str(source)) for source in named if source]
    folders = [source.parent if source.is_file() else source for source in sources]
    real = path.resolve()
    below = [
        file.relative_to(root)
        for folder in folders
        if folder.is_absolute()
        for file, root in ((path, folder), (real, folder.resolve()))  # either may be reached by a link
        if file.is_relative_to(root)
    ]
    return str(min(below, key=lambda shown: len(shown.parts)) if below else path)
