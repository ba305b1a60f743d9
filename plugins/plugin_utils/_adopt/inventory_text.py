# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The text of an inventory file that describes an agent."""

from __future__ import annotations

import dataclasses
import re
import textwrap
import typing as t

import yaml

from .._core.kept import KEPT
from .variable import Description, Secret

WIDTH = 118
_TEMPLATE = ("{{", "{%", "{#")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")

Encrypt = t.Callable[[str], str]
"""Returns a text as ansible-vault has it."""


@dataclasses.dataclass(frozen=True)
class Forecast:
    """What a run with the inventory would do.

    Attributes:
        changes: its operations, in words.
        refusals: why it would be refused.
        unknown: why nobody knows; empty where it is known.
    """

    changes: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()
    unknown: str = ""


class _Tagged:
    """A text with a tag of Ansible's."""

    def __init__(self, tag: str, text: str) -> None:
        self.tag, self.text = tag, text


class _Dumper(yaml.SafeDumper):
    """Writes lists indented below their key, as yamllint and people want them."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent lists too."""
        del indentless
        super().increase_indent(flow, False)


def _tagged(dumper: yaml.SafeDumper, value: _Tagged) -> yaml.Node:
    return dumper.represent_scalar(value.tag, value.text, style="|" if value.tag == "!vault" else '"')


_Dumper.add_representer(_Tagged, _tagged)


def file_name(host: str, organization: str, *, several: bool) -> str:
    """Return where the file of an agent is, below the folder of the inventory.

    Args:
        host: the inventory's name of the server.
        organization: the agent's.
        several: whether the server has other agents too.
    """
    own = _NOT_IN_NAMES.sub("-", organization).strip("-.") or "agent"
    return f"host_vars/{host}-{own}/im_agent.yml" if several else f"host_vars/{host}/im_agent.yml"


def text(described: Description, host: str, forecast: Forecast, encrypt: Encrypt | None) -> str:
    """Return the file: at its head what the vendor calls mandatory and is lacking, what no variable can say, and what a
    run would do; then the variables with where each came from.

    Args:
        described: the agent.
        host: the inventory's name of the server.
        forecast: what install.yml would do with it.
        encrypt: encrypts the secrets that are known; None keeps the server's.
    """
    lines = [
        "---",
        *_comment(f"The agent of {described.where} on {host}, in {described.runtime}, as it was found there."),
    ]
    lines += _comment(
        f"The word '{KEPT}' in the place of a secret keeps what the server has. Written by win_im_agent_adopt; change"
        " it freely."
    )
    lines += _listed("What the vendor calls mandatory and the server lacks:", described.lacking)
    lines += _listed("What these variables cannot say:", described.beyond)
    lines += _listed("What refuses a run of install.yml as it stands:", forecast.refusals)
    if forecast.unknown:
        lines += _comment(f"What install.yml would change is not known: {forecast.unknown}")
    elif not forecast.refusals:
        nothing = _comment("install.yml would change nothing.")
        lines += _listed("What install.yml would change:", forecast.changes) or nothing
    for variable in described.variables:
        lines += ["", *_comment(f"From {variable.source}")]
        lines.append(_dumped({variable.name: _written(variable.value, encrypt)}))
    return "\n".join(lines) + "\n"


def _listed(title: str, items: t.Sequence[str]) -> list[str]:
    if not items:
        return []
    return ["#", *_comment(title), *(line for item in items for line in _comment(item, "#   - ", "#     "))]


def _comment(text_: str, first: str = "# ", further: str = "# ") -> list[str]:
    """Return a text as lines of a comment, whatever characters it has."""
    plain = "".join(character if character.isprintable() else " " for character in text_)
    return textwrap.wrap(
        plain, WIDTH, initial_indent=first, subsequent_indent=further, break_long_words=False, break_on_hyphens=False
    )


def _dumped(value: dict[str, t.Any]) -> str:
    found = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDTH, default_flow_style=False)
    return found.rstrip("\n")


def _written(value: t.Any, encrypt: Encrypt | None) -> t.Any:
    if isinstance(value, dict):
        return {str(key): _written(inner, encrypt) for key, inner in value.items()}
    if isinstance(value, list):
        return [_written(inner, encrypt) for inner in value]
    if isinstance(value, Secret):
        return _Tagged("!vault", encrypt(value.value)) if encrypt and value.value is not None else KEPT
    if isinstance(value, str) and any(mark in value for mark in _TEMPLATE):
        return _Tagged("!unsafe", value)  # a text of the server is no template
    return value
