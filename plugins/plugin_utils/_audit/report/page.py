# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The page for people: one file that opens from disk and asks nobody for anything."""

from __future__ import annotations

import datetime
import functools
import re
import typing as t
from pathlib import Path

import jinja2
from markupsafe import Markup

TEMPLATES = Path(__file__).resolve().parents[4] / "roles" / "im_audit" / "templates"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
SOON = 400
"""Days: certificates that end later are only counted."""


def made(fleet: dict[str, t.Any]) -> str:
    """Return the page of a fleet; values from servers are escaped by the template engine, all of them."""
    now = datetime.datetime.fromisoformat(fleet["made"].replace("Z", "+00:00"))
    return _template().render(
        fleet=fleet,
        style=_part("report.css"),
        script=_part("report.js"),
        certificates=certificates(fleet["servers"], now),
        plot=plot(fleet["history"], 16, 80),
        bars=plot,
        when=when,
    )


def certificates(servers: list[dict[str, t.Any]], now: datetime.datetime) -> dict[str, t.Any]:
    """Return the certificates that end soon, the first first, with their place on a line, and how many end later."""
    found = []
    later = 0
    for server in servers:
        for one in server["certificates"]:
            left = (datetime.datetime.fromisoformat(one["until"]) - now).days
            if left > SOON:
                later += 1
            else:
                found.append({**one, "server": server["server"], "left": left, "share": max(0, left) * 100 // SOON})
    return {"soon": sorted(found, key=lambda one: (one["left"], one["server"])), "later": later}


def plot(history: list[dict[str, t.Any]], width: int = 8, height: int = 40) -> list[dict[str, t.Any]]:
    """Return a stacked bar for each run: its parts with height and place, and what it says."""
    names = ("low", "medium", "high", "critical")
    most = max((sum(one[name] for name in names) for one in history), default=0) or 1
    bars = []
    for number, one in enumerate(history):
        bottom = float(height)
        parts = []
        for name in names:
            size = one[name] * height / most
            bottom -= size
            parts.append({"name": name, "y": round(bottom, 1), "height": round(size, 1)})
        told = ", ".join(f"{one[name]} {name}" for name in reversed(names))
        bars.append({"x": number * (width + 2), "width": width, "parts": parts, "told": f"{one['time']}: {told}"})
    return bars


def when(time: str) -> str:
    """Return a time of a record for people, to the minute; what is no such time as it is."""
    return f"{time[:10]} {time[11:16]} UTC" if _TIME.fullmatch(time) else time


@functools.cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True,
        loader=jinja2.FileSystemLoader(TEMPLATES),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2")


@functools.cache
def _part(name: str) -> Markup:
    return Markup((TEMPLATES / name).read_text("utf-8"))  # noqa: S704  (our own file, no value of a server)
