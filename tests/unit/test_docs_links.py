"""A link that a page of the site makes leads to a file that the site holds: found without building the site."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SITE = runpy.run_path(str(ROOT / "tools" / "docs_site.py"))
PAGES = sorted(
    page
    for place in (*(ROOT / name for name in SITE["LAID_OUT"]), *ROOT.glob(SITE["PAGES"]))
    for page in (place.rglob("*.md") if place.is_dir() else [place])
)


def laid_out(path: Path) -> bool:
    """Whether the site's source holds a file of the repository."""
    relative = path.relative_to(ROOT)
    return relative.parts[0] in SITE["LAID_OUT"] or relative.match(SITE["PAGES"])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files_of_the_site(page):
    prose = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    links = [link.split("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", prose) if "://" not in link]
    targets = [(page.parent / link).resolve() for link in links if link and not link.startswith("mailto:")]
    missing = [str(target) for target in targets if not target.exists() or not laid_out(target)]
    assert missing == []
