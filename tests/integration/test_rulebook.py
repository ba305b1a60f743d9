"""The rulebooks against the schema of the pinned ansible-rulebook itself, taken from its wheel."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
RULEBOOKS = sorted((ROOT / "extensions" / "eda" / "rulebooks").glob("*.yml"))

pytestmark = pytest.mark.nightly


@pytest.fixture(scope="module")
def schema(tmp_path_factory):
    """Fetch the wheel, without what it depends on, and return the schema in it."""
    folder = tmp_path_factory.mktemp("rulebook")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder)]
    subprocess.run([*command, "--requirement", str(ROOT / "requirements" / "rulebook.txt")], check=True, timeout=300)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        return json.loads(opened.read("ansible_rulebook/schema/ruleset_schema.json"))


@pytest.mark.parametrize("path", RULEBOOKS, ids=lambda path: path.stem)
def test_a_rulebook_has_the_form_that_ansible_rulebook_takes(schema, path):
    rulebook = yaml.safe_load(path.read_text("utf-8"))
    jsonschema.validate(rulebook, schema)
    broken = copy.deepcopy(rulebook)
    broken[0]["rules"][0]["throttle"]["once_within"] = "an hour"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, schema)
