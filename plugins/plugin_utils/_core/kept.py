# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The word that stands in an inventory for a secret that only the server has: what it has stays."""

from __future__ import annotations

import typing as t

from .plan import Refused

KEPT = "kept"


def is_kept(secret: t.Any) -> bool:
    """Tell whether a secret is the one that the server has. No secret can be this word itself."""
    return isinstance(secret, str) and secret == KEPT


def check_given(option: str, secret: t.Any, why: str) -> None:
    """Raise Refused, naming the option, for a secret that has to be given, and why it has to."""
    if is_kept(secret):
        raise Refused(f"{option}: found '{KEPT}', wanted the secret itself, since {why}: give the value")


def nothing(where: str) -> Refused:
    """Return the refusal of a secret that the server does not have; ``where`` names it."""
    return Refused(f"{where}: found no value on the server, wanted one to keep: give the value")
