"""A Windows that does not speak English."""

from __future__ import annotations

import dataclasses

from ..windows.machine import Machine
from ..windows.text.languages import LANGUAGES
from .behaviour import Behaviour


@dataclasses.dataclass(frozen=True)
class Language(Behaviour):
    """Built-in accounts, features' display names, .NET's messages and those of WAS are in another language.

    English names of built-in groups are unknown then; those of NT AUTHORITY are understood.

    Attributes:
        name: german or french.
    """

    name: str = "german"

    def __post_init__(self) -> None:
        """Refuse another language."""
        if self.name not in LANGUAGES:
            raise ValueError(f"name is one of {', '.join(LANGUAGES)}, not {self.name!r}")

    def go_on(self, machine: Machine) -> None:
        """Speak it."""
        machine.language = machine.events.language = LANGUAGES[self.name]
        machine.accounts.translate(machine.language.accounts)
