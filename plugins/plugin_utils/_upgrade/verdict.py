# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the checks of a verification say of this server's agent before and after an upgrade."""

from __future__ import annotations

import typing as t

ELSEWHERE = frozenset(
    {
        "answer_to_controller",
        "client_credentials",
        "connection_reached",
        "mail_server",
        "server_jobs",
        "server_knows_agent",
    }
)
"""Checks that other servers, or the way to them, can fail: no reason to take a version back."""
_DOUBTFUL = frozenset({"failed", "unknown"})
Checks = t.Collection[t.Mapping[str, t.Any]]


def passed(checks: Checks) -> tuple[str, ...]:
    """Return the names of this server's checks with a documented basis that were passed."""
    return tuple(str(one["name"]) for one in _of_this_server(checks) if one["state"] == "passed")


def doubtful(checks: Checks) -> tuple[str, ...]:
    """Return the ids of this server's checks with a documented basis that were asked and not passed."""
    return tuple(dict.fromkeys(str(one["id"]) for one in _of_this_server(checks) if one["state"] in _DOUBTFUL))


def worse(checks: Checks, passed: t.Collection[str], doubtful: t.Collection[str]) -> list[str]:
    """Return this server's checks with a documented basis that fail and did not before, in words, where what is asked
    may have another name now, such as that of another port.

    Args:
        checks: what was checked.
        passed: the names of those that were passed before.
        doubtful: the ids of those that were not.
    """
    names = {one["name"] for one in checks if one["name"] in passed or one["id"] not in doubtful}
    return failing(checks, names)


def failing(checks: Checks, names: t.Collection[str] | None = None) -> list[str]:
    """Return this server's checks with a documented basis that fail, in words.

    Args:
        checks: what was checked.
        names: those that count; None for all.
    """
    return [
        f"{one['name']}: found {one['found']}, wanted {one['wanted']}"
        for one in _of_this_server(checks)
        if one["state"] == "failed" and (names is None or one["name"] in names)
    ]


def _of_this_server(checks: Checks) -> t.Iterator[t.Mapping[str, t.Any]]:
    """Return those with a documented basis; a check that was not asked has no basis."""
    return (one for one in checks if one.get("basis") == "documented" and one["id"] not in ELSEWHERE)
