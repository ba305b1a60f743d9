"""Environment variables of the machine and of the user, where Windows keeps them: in the registry."""

from __future__ import annotations

import re

from ..registry.keys import Registry
from .edition import CURRENT_VERSION

KEY = "HKLM:\\SYSTEM\\CurrentControlSet\\Control\\Session Manager\\Environment"
USER_KEY = "HKCU:\\Environment"
_KEYS = {"machine": KEY, "user": USER_KEY}
FRESH = {
    "ComSpec": "%SystemRoot%\\system32\\cmd.exe",
    "OS": "Windows_NT",
    "Path": "%SystemRoot%\\system32;%SystemRoot%;%SystemRoot%\\System32\\WindowsPowerShell\\v1.0\\",
    "TEMP": "%SystemRoot%\\TEMP",
    "TMP": "%SystemRoot%\\TEMP",
    "windir": "%SystemRoot%",
}
_BUILT_IN = {
    "systemdrive": "C:",
    "programfiles": "C:\\Program Files",
    "programdata": "C:\\ProgramData",
    "temp": "C:\\Users\\Administrator\\AppData\\Local\\Temp",
    "tmp": "C:\\Users\\Administrator\\AppData\\Local\\Temp",
    "userprofile": "C:\\Users\\Administrator",
}


class Environment:
    """Machine variables, and the expansion of ``%NAME%``."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        for name, value in FRESH.items():
            self.set(name, value)

    def stored(self, name: str, level: str) -> str | None:
        """Return a variable as .NET does, from where it is kept for the ``machine`` or ``user``; None when absent.

        A ``process`` begins with those of the user and the machine.
        """
        if level == "process":
            own = self.stored(name, "user")
            return self.stored(name, "machine") if own is None else own
        key = self._registry.key(_KEYS[level])
        found = key.values.get(name.lower()) if key else None
        if found is None:
            return None
        return self.expand(found[1].data) if found[1].type == "ExpandString" else str(found[1].data)

    def store(self, name: str, value: str | None, level: str) -> None:
        """Set a variable as .NET does, which never makes one that is expanded; None removes it.

        One of a ``process`` is gone with it.
        """
        if value is None and level in _KEYS:
            self._registry.delete_value(_KEYS[level], name)
        elif value is not None and level in _KEYS:
            self._registry.set(_KEYS[level], name, "String", value)

    def get(self, name: str) -> str | None:
        """Return a machine variable, expanded, or None."""
        value = self._registry.get(KEY, name)
        return None if value is None else self.expand(str(value))

    def variables(self) -> dict[str, str]:
        """Return the machine's variables, expanded."""
        key = self._registry.key(KEY)
        return {name: self.get(name) or "" for name in (key.value_names() if key else [])}

    def set(self, name: str, value: str | None) -> None:
        """Set a machine variable; None or empty removes it."""
        if not value:
            self._registry.delete_value(KEY, name)
        else:
            self._registry.set(KEY, name, "ExpandString" if "%" in value else "String", value)

    def expand(self, text: str) -> str:
        """Return a text with each known ``%NAME%`` replaced."""

        def value(match: re.Match[str]) -> str:
            name = match[1].lower()
            if name == "systemroot":
                return str(self._registry.get(CURRENT_VERSION, "SystemRoot") or "C:\\Windows")
            if name in _BUILT_IN:
                return _BUILT_IN[name]
            found = self._registry.get(KEY, name)
            return match[0] if found is None else self.expand(str(found))

        return re.sub(r"%([^%]+)%", value, text)
