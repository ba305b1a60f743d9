"""What a scenario says of a host's WinRM: its listeners and its quotas."""

from __future__ import annotations

import dataclasses
import typing as t

from ..windows.system import winrm
from .server import BadScenario

AUTHS = ("basic", "ntlm", "kerberos", "credssp", "certificate")
SCHEMES = ("https", "http")
PORTS = {"https": 5986, "http": 5985}


@dataclasses.dataclass(frozen=True)
class Listening:
    """One listener of WinRM.

    Attributes:
        scheme: https or http.
        auth: how one logs on there.
        allow_unencrypted: whether http takes messages in clear (AllowUnencrypted of WinRM's service).
    """

    scheme: str = "https"
    auth: str = "basic"
    allow_unencrypted: bool = False

    @property
    def is_https(self) -> bool:
        """Tell whether it speaks TLS."""
        return self.scheme == "https"

    @property
    def port(self) -> int:
        """Return its port."""
        return PORTS[self.scheme]

    @property
    def in_clear_refused(self) -> bool:
        """Tell whether a message that nobody encrypted is refused."""
        return not self.is_https and not self.allow_unencrypted


def more(name: str, data: t.Mapping[str, t.Any]) -> tuple[Listening, ...]:
    """Return the listeners that a host has besides its first one.

    Raises:
        BadScenario: a value that cannot be, or two listeners on one port.
    """
    found = []
    used = {data.get("scheme", "https")}
    for one in data.get("more_listeners") or ():
        unknown = sorted(set(one) - {"scheme", "auth"})
        if unknown:
            raise BadScenario(f"host {name}: more_listeners: unknown key {unknown[0]!r}; known: auth, scheme")
        for key, allowed in (("scheme", SCHEMES), ("auth", AUTHS)):
            if one.get(key, allowed[0]) not in allowed:
                raise BadScenario(
                    f"host {name}: more_listeners: {key} is one of {', '.join(allowed)}, not {one[key]!r}"
                )
        made = Listening(**one, allow_unencrypted=bool(data.get("allow_unencrypted")))
        if made.scheme in used:
            raise BadScenario(f"host {name}: more_listeners: there is a listener for {made.scheme} already")
        used.add(made.scheme)
        found.append(made)
    return tuple(found)


def quotas(name: str, data: t.Mapping[str, t.Any]) -> dict[str, int]:
    """Return the quotas that a host has instead of Windows's defaults, by WinRM's names.

    Raises:
        BadScenario: a quota that WinRM does not have, or no number.
    """
    given = dict(data.get("quotas") or {})
    for key, value in given.items():
        if key not in winrm.QUOTAS:
            raise BadScenario(f"host {name}: quotas: unknown {key!r}; known: {', '.join(winrm.QUOTAS)}")
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise BadScenario(f"host {name}: quotas: {key} is a number, not {value!r}")
    return given
