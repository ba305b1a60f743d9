"""Makes the pages of a folder of records anew, and prints how much memory that took at most, in bytes."""

from __future__ import annotations

import datetime
import resource
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import conftest  # noqa: F401  (it makes the collection importable)
from ansible_collections.imops.identity_manager.plugins.plugin_utils._run import (
    reporting,
)

NO_RESULTS = {"results": {}, "servers": [], "waivers": [], "operator": "", "title": "Agents"}

if __name__ == "__main__":
    reporting.written(Path(sys.argv[1]), NO_RESULTS, datetime.datetime.now(datetime.UTC))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
