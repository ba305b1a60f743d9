# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where the agent's secrets are kept: in clear, in files that only its key pair opens, in CyberArk, or in a Key Vault.

Vendor pages "RSA encryption", "CyberArk Application Access Manager", "Azure Key Vault", "Credential protection".
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from .._core.plan import Refused
from .._dotnet import json_text
from .._dotnet.configuration import SEPARATOR
from .._dotnet.json_text import REMOVE, fold
from .rules.showable import Level, level_of

_BETWEEN_KEYS = re.compile(r"[:.]")
PLAIN, ENCRYPTED, CYBERARK, KEY_VAULT = "plain", "encrypted", "cyberark", "azure_key_vault"
MODES = (PLAIN, ENCRYPTED, CYBERARK, KEY_VAULT)
CYBERARK_KEYS = frozenset(
    {"login", "applicationid", "clientid", "password", "applicationkey", "clientsecret"}
    | {"server", "microsoftgraphpathapi", "responseuri"}
)
"""Keys of Connections that a CyberArk account can hold (page "CyberArk Application Access Manager")."""
UNPROTECTED_SECTION = "encryptioncertificate"
"""The pair that opens the encrypted files cannot protect its own password."""
_VAULT_NAME = re.compile(r"[A-Za-z0-9]+")

Path = tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Choice:
    """Which secret is kept where.

    Attributes:
        default: of every secret that is not named.
        named: mode by path; a path stands for all that is below it, and the longest that fits counts.
        accepted: paths of secrets that may stay in clear without a warning.
    """

    default: str = PLAIN
    named: tuple[tuple[Path, str], ...] = ()
    accepted: tuple[Path, ...] = ()

    @classmethod
    def of(cls, default: str, named: t.Mapping[str, t.Any], accepted: t.Iterable[str]) -> Choice:
        """Return the choice of three options; raises Refused for a mode that does not exist."""
        for path, mode in named.items():
            if mode not in MODES:
                raise Refused(f"protections: {path}: found {mode!r}, wanted one of {', '.join(MODES)}")
        return cls(
            default,
            tuple((path_of(path), str(mode)) for path, mode in named.items()),
            tuple(path_of(path) for path in accepted),
        )

    def mode(self, path: Path) -> str:
        """Return where the secret at a path is kept."""
        fitting = [(len(start), mode) for start, mode in self.named if _begins(path, start)]
        return max(fitting)[1] if fitting else self.default

    def names(self, path: Path) -> bool:
        """Tell whether a value has a place of its own, which makes it a secret whatever its key is."""
        return any(len(start) == len(path) and _begins(path, start) for start, _mode in self.named)

    def covers(self, path: Path) -> bool:
        """Tell whether a value, or a section that it is in, has a place of its own."""
        return any(_begins(path, start) for start, _mode in self.named)

    def accepts(self, path: Path) -> bool:
        """Tell whether a secret may stay in clear."""
        return any(_begins(path, start) for start in self.accepted)


def path_of(text: str) -> Path:
    """Return the keys of ``Connections:ADExport:Password``, the way .NET writes a path; dots are understood too."""
    return tuple(part for part in _BETWEEN_KEYS.split(text) if part)


def words(path: Path) -> str:
    """Return a path as messages write it."""
    return ":".join(path)


def parts(key: str) -> Path:
    """Return the keys that .NET reads in one: colons part them."""
    return tuple(key.split(SEPARATOR))


def _begins(path: Path, start: Path) -> bool:
    return tuple(map(fold, path[: len(start)])) == tuple(map(fold, start))


@dataclasses.dataclass(frozen=True)
class Kept:
    """The wanted settings of one file, by where each is kept.

    Attributes:
        plain: changes of the plain file; secrets that are kept elsewhere are removed from it.
        secrets: settings tree of the secrets, by mode.
        paths: paths of the secrets, by mode.
    """

    plain: dict[str, t.Any] = dataclasses.field(repr=False)
    secrets: dict[str, dict[str, t.Any]] = dataclasses.field(repr=False)
    paths: dict[str, tuple[Path, ...]]

    def elsewhere(self) -> dict[str, t.Any]:
        """Return the tree of the secrets that are not in the plain file."""
        tree: dict[str, t.Any] = {}
        for mode in MODES[1:]:
            tree = json_text.merge(tree, self.secrets.get(mode, {}))
        return tree


def kept(settings: t.Mapping[str, t.Any], choice: Choice) -> Kept:
    """Part the wanted settings of a file; raises Refused for a secret that its place cannot hold."""
    secrets: dict[str, t.Any] = {mode: {} for mode in MODES}
    paths: dict[str, list[Path]] = {mode: [] for mode in MODES}

    def parted(data: t.Any, path: Path) -> tuple[t.Any, dict[str, t.Any]]:
        """Return what stays in the file, and the secrets by mode; REMOVE where nothing stays."""
        if isinstance(data, dict):
            stay, gone = dict[str, t.Any](), dict[str, t.Any]()
            for key, value in data.items():
                stay[key], taken = parted(value, (*path, *parts(key)))
                for mode, tree in taken.items():
                    gone.setdefault(mode, {})[key] = tree
            return stay, gone
        if isinstance(data, list):
            items, taken_items = [], list[dict[str, t.Any]]()
            for number, value in enumerate(data):
                left, taken = parted(value, (*path, str(number)))
                items.append("" if left is REMOVE else _without_removed(left))  # a gap, which the secret fills
                taken_items.append(taken)
            modes = {mode for taken in taken_items for mode in taken}
            # Belief [encrypted-arrays]: the agent merges arrays by number, and {} changes nothing; dotnet/runtime,
            # JsonConfigurationFileParser.
            return items, {mode: [taken.get(mode, {}) for taken in taken_items] for mode in modes}
        if data is REMOVE or data in {None, ""}:
            return data, {}
        where = place(choice, path, data)
        if where is None:
            return data, {}
        paths[where].append(path)
        return (data, {}) if where == PLAIN else (REMOVE, {where: data})

    plain, gone = parted(dict(settings), ())
    for mode, tree in gone.items():
        secrets[mode] = tree
    return Kept(plain, secrets, {mode: tuple(found) for mode, found in paths.items()})


def place(choice: Choice, path: Path, value: t.Any) -> str | None:
    """Return where a value is kept, None for one that is no secret; raises Refused for a place that cannot hold it."""
    return _mode(choice, path, level_of(path, value))


def _without_removed(data: t.Any) -> t.Any:
    if isinstance(data, dict):
        return {key: _without_removed(value) for key, value in data.items() if value is not REMOVE}
    return data


def _mode(choice: Choice, path: Path, level: Level) -> str | None:
    """Return where a value is kept, None for one that is no secret; raises Refused."""
    mode, named = choice.mode(path), choice.covers(path)
    if level < Level.GUARDED and not named:
        return None
    if path[0].lower() == UNPROTECTED_SECTION:
        return PLAIN if level >= Level.GUARDED else None
    problem = _why_not(mode, path)
    if problem is None:
        # Of a section that is named for CyberArk only secrets go there: each needs an account.
        only_beside = mode == CYBERARK and level < Level.GUARDED and not choice.names(path)
        return None if only_beside else mode
    if level == Level.SECRET or choice.names(path):
        raise Refused(f"{words(path)}: {problem} (option protections)")
    return PLAIN if level == Level.GUARDED else None  # perhaps a secret: it stays, and is warned of


def _why_not(mode: str, path: Path) -> str | None:
    """Return why a place cannot hold what is at a path, None where it can."""
    if mode == CYBERARK and (path[0].lower() != "connections" or path[-1].lower() not in CYBERARK_KEYS):
        return (
            "CyberArk cannot hold it, wanted only keys such as Login, Password, Server of Connections: choose another"
            " protection for it"
        )
    wrong = [part for part in path if not _VAULT_NAME.fullmatch(part)] if mode == KEY_VAULT else []
    if wrong:
        return (
            f"the name of a Key Vault secret has letters and digits only, found {wrong[0]!r}: rename it, or choose"
            " another protection for it"
        )
    return None


def vault_name(path: Path) -> str:
    """Return the name that a secret has in a Key Vault: the keys joined with ``--``, arrays by number."""
    return "--".join(path)


def leaves(tree: t.Any, path: Path = ()) -> t.Iterator[Path]:
    """Yield the paths of all values of a settings tree, keys in lower case."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from leaves(value, (*path, key.lower()))
    elif isinstance(tree, list):
        for number, value in enumerate(tree):
            yield from leaves(value, (*path, str(number)))
    else:
        yield path


def mapping(accounts: t.Mapping[str, t.Any], wanted: t.Iterable[Path]) -> dict[str, t.Any]:
    """Return what the CyberArk mapping file holds: account names in the tree of Connections.

    Raises:
        Refused: a key that CyberArk cannot hold, or a secret that is to be kept there and has no account.
    """
    tree = {"Connections": dict(accounts)}
    named = set(leaves(tree))
    for path in sorted(named):
        if path[-1] not in CYBERARK_KEYS:
            raise Refused(f"cyberark.accounts: {words(path[1:])}: CyberArk accounts hold no such key")
    for path in wanted:
        if tuple(part.lower() for part in path) not in named:
            raise Refused(f"{words(path)}: is to be kept in CyberArk, but cyberark.accounts names no account for it")
    return tree
