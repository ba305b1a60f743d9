# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which of a task's values come from ansible-vault: tagged ones, and those of wholly encrypted files.

ansible-core 2.19 and newer tags the values of ``!vault`` and tells of every value which file it comes from. Those of a
wholly encrypted file carry no tag of the vault, so the file itself is asked.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from pathlib import Path

from .._core.contained import contained
from .._core.scrub import SHORTEST
from .._settings.shown import Shown

try:  # private in ansible-core: without them nothing is known of a value's origin, and the tables of keys remain
    from ansible._internal._datatag import _tags
    from ansible.parsing.vault import EncryptedString
except ImportError:  # pragma: no cover
    _tags = None  # type: ignore[assignment]  # see above

HEADER = b"$ANSIBLE_VAULT"
INVENTORY = "inventory"
"""The option of win_im_agent_info that takes all variables, without their prefix."""
STRUCTURAL = frozenset(
    {
        "absent",
        "agent_absent",
        "agent_identifier",
        "alternative_names",
        "archive_checksum",
        "backup_count",
        "bindings",
        "certificate_password_protection",
        "certificates",
        "change",
        "connectors",
        "cors",
        "default_openid_client",
        "delay",
        "features",
        "file",
        "folders",
        "foretell",
        "former_identities",
        "host_name",
        "hosting",
        "hosting_bundle",
        "hosting_bundle_checksum",
        "hosting_bundle_version",
        "http_port",
        "https_port",
        "identifier",
        "identity",
        "identity_username",
        "name",
        "no_proxy",
        "organization",
        "pairs",
        "path",
        "plain_accepted",
        "pool",
        "pool_name",
        "port",
        "protection",
        "protections",
        "reencrypt",
        "replaces_service",
        "replaces_site",
        "reverse_proxy",
        "runtime",
        "scheduler",
        "scheme",
        "server_url",
        "service",
        "service_name",
        "service_urls",
        "settings_path",
        "show",
        "site",
        "site_name",
        "site_protocol",
        "source",
        "sources_root_paths",
        "state",
        "store",
        "store_location",
        "store_name",
        "strict",
        "temp_folder",
        "thumbprint",
        "timeout",
        "unmanaged",
        "urls",
        "use",
        "username",
        "version",
        "work_folder",
        "working_directory",
    }
)
"""Options, and variables without their prefix, that say what and where things are."""
_OF_ANSIBLE = frozenset(
    {
        "ansible_current_hosts",
        "ansible_facts",
        "ansible_failed_hosts",
        "ansible_play_batch",
        "ansible_play_hosts",
        "ansible_play_hosts_all",
        "groups",
        "hostvars",
        "omit",
        "play_hosts",
        "vars",
    }
)
"""Variables that Ansible makes, which hold nothing of their own, all variables of all hosts, or all hosts: with a
thousand of them each server's worker would look at thousands of names.
"""
_SECRET_PARTS = ("password", "passphrase", "secret", "key")


@dataclasses.dataclass(frozen=True)
class Vaulted:
    """What comes from ansible-vault.

    Attributes:
        secrets: texts that are secrets wherever they stand.
        readable: names of variables from wholly encrypted files that stay readable.
    """

    secrets: frozenset[str] = dataclasses.field(default=frozenset(), repr=False)
    readable: tuple[str, ...] = ()

    def warnings(self) -> list[str]:
        """Return what to tell of values that stay readable."""
        if not self.readable:
            return []
        return [
            "values of a wholly encrypted file stay readable, since they name what and where things are:"
            f" {', '.join(self.readable)}; encrypt one with '!vault' to have it masked everywhere"
        ]


@dataclasses.dataclass(frozen=True)
class Texts:
    """The texts of variables that come from ansible-vault.

    Attributes:
        inline: those of values with ``!vault``.
        of_files: those of wholly encrypted files.
    """

    inline: frozenset[str] = dataclasses.field(default=frozenset(), repr=False)
    of_files: frozenset[str] = dataclasses.field(default=frozenset(), repr=False)


def texts(variables: t.Mapping[str, t.Any]) -> Texts:
    """Return the vaulted texts that are long enough to be looked for.

    Args:
        variables: as Ansible hands them over.
    """
    if _tags is None:
        return Texts()
    inline, of_files = set[str](), set[str]()
    for value in _values([value for name, value in variables.items() if name not in _OF_ANSIBLE]):
        if isinstance(value, EncryptedString):
            inline.add(str(value))
        elif isinstance(value, str | int | float) and _is_from_encrypted_file(value):
            of_files.add(str(value))
    return Texts(_long(inline), _long(of_files))


def _long(found: t.Iterable[str]) -> frozenset[str]:
    return frozenset(text for text in found if len(text) >= SHORTEST)


def of(arguments: t.Any, variables: t.Mapping[str, t.Any] | Texts) -> Vaulted:
    """Return what of a task's arguments comes from ansible-vault.

    Args:
        arguments: of the task, templated.
        variables: what the templates may have named, as Ansible hands them over, or the vaulted texts of them. A text
            that a template joins with another one loses its tag, so it is looked for in the arguments.
    """
    return _of(arguments, variables if isinstance(variables, Texts) else texts(variables), everything=False)


def _of(arguments: t.Any, held: Texts, *, everything: bool) -> Vaulted:
    """As ``of``; with ``everything`` also the texts that stand in none of the arguments."""
    secrets = _joined(arguments, held, everything=everything)
    readable: set[str] = set()
    for path, value in _leaves(arguments):
        if _tags is None or value is None or isinstance(value, bool) or value == "":
            continue
        if _tags.VaultedValue.get_tag(value) is not None:
            secrets.add(str(value))
        elif _is_from_encrypted_file(value):
            if not _is_structural(path):
                secrets.add(str(value))
            elif path[0] == INVENTORY:  # the first task of a play has all variables, so there is one warning
                readable.add(f"im_agent_{path[1]}")
    return Vaulted(frozenset(secrets), tuple(sorted(readable)))


def of_all(arguments: t.Mapping[str, t.Any], variables: t.Mapping[str, t.Any]) -> Vaulted:
    """Return what of all variables comes from ansible-vault, for a task that shows what the server holds: that may have
    come from variables which are none of its arguments.
    """
    return _of(arguments, texts(variables), everything=True)


def _joined(arguments: t.Any, held: Texts, *, everything: bool) -> set[str]:
    """Return the vaulted texts of variables that stand inside arguments. One of an encrypted file that stands in a
    structural argument, such as the organisation in a path, is readable there and so is no secret elsewhere.
    """
    if not held.inline and not held.of_files:
        return set()
    structural, others = list[str](), list[str]()
    for path, value in _leaves(arguments):
        (structural if _is_structural(path) else others).append(str(value))
    in_structural = "\n".join(structural)
    found = held.inline | held.of_files
    if not everything:
        found = frozenset(contained(found, "\n".join((in_structural, *others))))
    return set(found - (contained(found & held.of_files, in_structural) - held.inline))


def _leaves(data: t.Any, path: tuple[str, ...] = ()) -> t.Iterator[tuple[tuple[str, ...], t.Any]]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _leaves(value, (*path, str(key)))
    elif isinstance(data, list | tuple):
        for value in data:
            yield from _leaves(value, path)
    else:
        yield path, data


def _values(data: t.Any) -> t.Iterator[t.Any]:
    """Yield what ``_leaves`` does, without the paths: all variables of a server are many."""
    rest = [data]
    while rest:
        item = rest.pop()
        if isinstance(item, dict):
            rest += item.values()
        elif isinstance(item, list | tuple):
            rest += item
        else:
            yield item


def _is_structural(path: tuple[str, ...]) -> bool:
    names = path[1:] if path[0] == INVENTORY and len(path) > 1 else path
    if any(part in name.lower() for name in names for part in _SECRET_PARTS):
        return False
    return names[0] in STRUCTURAL


def _is_from_encrypted_file(value: t.Any) -> bool:
    origin = _tags.Origin.get_tag(value)
    return bool(origin and origin.path and _is_encrypted(origin.path))


@functools.cache
def _is_encrypted(path: str) -> bool:
    try:
        with Path(path).open("rb") as file:
            return file.read(len(HEADER)) == HEADER
    except OSError:
        return False


def shows_files(wanted: t.Any) -> bool:
    """Tell whether what a task wants comes with what may be shown: its diffs are made from masked files."""
    return isinstance(getattr(wanted, "shown", None), Shown)


def known_to(wanted: t.Any, vault: Vaulted) -> t.Any:
    """Return what a task wants, with what must not be shown in it, where it shows files at all."""
    if not shows_files(wanted):
        return wanted
    return dataclasses.replace(wanted, shown=dataclasses.replace(wanted.shown, vaulted=vault.secrets))
