"""axe-core, which finds what keeps people from using a page: taken from the pinned wheel that carries it."""

from __future__ import annotations

import functools
import subprocess
import sys
import zipfile

import chain

KEPT = chain.ROOT / "build" / "axe"
PINNED = chain.ROOT / "requirements" / "axe.txt"
RUN = """axe.run(document, {resultTypes: ["violations"]}).then(function (told) {
  return told.violations.map(function (one) {
    return one.impact + ": " + one.id + ": " + one.nodes.slice(0, 3).map(function (node) {
      return node.html + " " + node.failureSummary; }).join("; ");
  });
})"""


@functools.cache
def script() -> str | None:
    """Return axe-core's script, or None where the wheel is not to be had; it is kept in build/."""
    wheel = KEPT / f"{PINNED.read_text('utf-8').split()[-1].replace('-', '_').replace('==', '-')}-py3-none-any.whl"
    if not wheel.exists():
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", KEPT, "-r", PINNED]
        if subprocess.run(command, check=False, timeout=300, capture_output=True).returncode:
            return None
    with zipfile.ZipFile(wheel) as opened:
        return opened.read("axe_playwright_python/axe.min.js").decode()


def faults(page) -> list[str]:
    """Return what axe-core finds serious or critical on the page that a browser shows."""
    page.run(f"{script()}; 0")
    return [one for one in page.run(RUN) if one.startswith(("serious", "critical"))]
