"""The pictures of docs/audit.md: the report of ``make report-demo``, which is made first if it is not there."""

from __future__ import annotations

import subprocess
import sys

import browser
import report_demo

PICTURES = report_demo.ROOT / "docs" / "images"
REPORT = report_demo.FOLDER / "report.html"
OPENED = "#server-berlin\\\\.contoso\\\\.com"
SHOTS = {
    "audit-overview": ("light", "scrollTo(0, 0)", 620),
    "audit-server": (
        "dark",
        f"document.querySelector('{OPENED}').open = true; document.querySelector('{OPENED}').scrollIntoView()",
        720,
    ),
    "audit-matrix": ("light", "document.getElementById('matrix-title').scrollIntoView()", 760),
}
"""Of each picture: the colour scheme, what is done on the page before it is taken, and its height."""


def main() -> int:
    """Take the pictures, and return 0."""
    if not REPORT.exists():
        subprocess.run([sys.executable, report_demo.__file__], check=True)
    PICTURES.mkdir(exist_ok=True)
    with browser.Browser() as page:
        for name, (scheme, script, height) in SHOTS.items():
            page.prefers(scheme)
            page.size(1280, height)
            page.open(REPORT)
            page.run(f"{script}; new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
            picture = PICTURES / f"{name}.png"
            picture.write_bytes(page.picture())
            print(f"{picture.relative_to(report_demo.ROOT)}: {picture.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
