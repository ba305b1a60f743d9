"""The samples of the vendor's pages, as people paste them: refused with place and reason, or judged by the rules.

Each sample of ``vendor_samples/*.yml`` goes three ways into a file of a server: ``pasted``, as the whole file, to the
letter; ``placed``, its members in a file that works, without the dots and the name that the page has around them;
``replaced``, the same with the placeholders' angle brackets taken away. What comes of it is in the fixture: ``refused``
(place and reason) or ``finds`` (the rules, errors and warnings). A sample that the vendor's own pages contradict has
the right form in ``wrong``; one that no rule finds yet is marked ``gap``.
"""

from __future__ import annotations

import base64
import copy
import json
import re
from pathlib import Path

import pytest
import yaml
from ansible_collections.imops.identity_manager.plugins.plugin_utils._agent import settings_files
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core.plan import Refused
from ansible_collections.imops.identity_manager.plugins.plugin_utils._dotnet import json_text
from ansible_collections.imops.identity_manager.plugins.plugin_utils._dotnet.json_text import REMOVE, fold
from ansible_collections.imops.identity_manager.plugins.plugin_utils._settings import agent_settings, web_config
from ansible_collections.imops.identity_manager.plugins.plugin_utils._settings.rules import table
from ansible_collections.imops.identity_manager.plugins.plugin_utils._settings.rules.rule import Settings
from test_product_rules import ACCEPTED, GOOD_AGENT, GOOD_GENERAL

FOLDER = Path(__file__).parent / "vendor_samples"
SAMPLES = [sample for path in sorted(FOLDER.glob("*.yml")) for sample in yaml.safe_load(path.read_text("utf-8"))]
WAYS = ("pasted", "placed", "replaced")
RUNTIME = "C:\\im\\Runtime"
GOOD = {settings_files.GENERAL: GOOD_GENERAL, settings_files.AGENT: GOOD_AGENT}
WHOLE = {"encryptioncertificate", "identityserver"}
"""Sections that a sample replaces; others it adds to."""
RULES = {rule.id: rule for rule in table.RULES}


def without_page(text):
    """Return a sample without what the page has around its members: the file's name, marks of a quotation, dots."""
    lines = [re.sub(r"^>\s?", "", line) for line in text.splitlines()]
    if lines[0].startswith("appsettings"):
        del lines[0]
    return re.sub(r"(?:\.{3,4}|…)[ \t]*(?=\n|$)", "", "\n".join(lines)).strip()


def with_values(text):
    """Return a sample with values in the place of its placeholders: the same words without the angle brackets."""
    text = re.sub(r'"<(\w+)">:', r'"\1":', text)  # the page closes this key's quotes before its bracket
    return re.sub(r'"<([^"]*)>"', r'"\1"', text)


def settings_file(sample, way):
    """Return the content of the settings file that a sample is put into."""
    if way == "pasted":
        return sample["text"]
    text = without_page(sample["text"])
    text = text if text.startswith("{") else f"{{\n{text}\n}}"
    text = with_values(text) if way == "replaced" else text
    try:
        pasted = json_text.parse(text).data
    except json_text.BadJson:
        return text
    working = copy.deepcopy(GOOD[sample["file"]])
    for key in pasted:
        if fold(key).lower() in WHOLE:
            working = json_text.merge(working, {key: REMOVE})
    return json.dumps(json_text.merge(working, pasted), indent=2)


def web_config_text(sample, way):
    """Return the content of the web.config that a sample is put into."""
    if way == "pasted":
        return sample["text"]
    text = without_page(sample["text"])
    text = with_values(text) if way == "replaced" else text
    return f"<configuration>\n  <system.webServer>\n{text}\n  </system.webServer>\n</configuration>\n"


def outcome(sample, way):
    """Return the refusal's message, or the ids of the rules that found something."""
    if sample["file"] == "web.config":
        files, module = {"web.config": web_config_text(sample, way)}, web_config
    else:
        files = {name: json.dumps(data) for name, data in GOOD.items()} | {sample["file"]: settings_file(sample, way)}
        module = agent_settings

    def ask(query):
        if query["kind"] == "registry":
            return None
        content = files.get(query["path"].rpartition("\\")[2])
        if content is None:
            return None
        return {"type": "file", "content": base64.b64encode(content.encode()).decode(), "sha256": "0" * 64}

    options = {name: option.get("default") for name, option in module.ARGUMENT_SPEC["argument_spec"].items()}
    options["plain_accepted"] = [""]  # all samples have their secrets in clear
    try:
        found = "; ".join(module.plan(module.Wanted.of({**options, "path": RUNTIME}), ask, check=False).warnings)
    except Refused as refused:
        found = str(refused)
        if "the settings would not work" not in found:
            return {"refused": found}
        settings = {name: json_text.parse(text).data for name, text in files.items()}
        judged = table.check(Settings(*(settings[name] for name in GOOD), choice=ACCEPTED))
        assert all(finding.rule.severity != "error" or str(finding) in found for finding in judged)
        found = "; ".join(map(str, judged))
    return {"finds": sorted({rule for rule in RULES if f"({rule})" in found})}


CASES = [(sample, way) for sample in SAMPLES for way in WAYS if way in sample]


@pytest.mark.parametrize(("sample", "way"), CASES, ids=[f"{s['source']}: {s['name']}, {way}" for s, way in CASES])
def test_a_sample_is_refused_with_its_place_or_judged_by_the_rules(sample, way):
    expected, found = sample[way], outcome(sample, way)
    if "refused" in expected:
        assert f"{RUNTIME}\\{sample['file']}, {expected['refused']}" in found.get("refused", ""), found
    else:
        assert found == {"finds": expected["finds"]}


WRONG = [sample for sample in SAMPLES if "wrong" in sample]


@pytest.mark.parametrize("sample", WRONG, ids=lambda sample: f"{sample['source']}: {sample['name']}")
def test_a_sample_that_the_vendor_contradicts_is_refused_unless_it_is_a_known_gap(sample):
    # A gap that a new rule closes fails here: remove its mark, and name the rule in the sample.
    assert (sample["replaced"] == {"finds": []}) is sample.get("gap", False), sample["wrong"]


def test_every_sample_says_what_comes_of_it():
    assert len({(sample["source"], sample["name"]) for sample in SAMPLES}) == len(SAMPLES) > 60
    for sample in SAMPLES:
        assert set(sample) <= {"name", "source", "file", "wrong", "gap", "text", *WAYS}
        assert "pasted" in sample
        assert "wrong" not in sample or "replaced" in sample
        assert "gap" not in sample or "wrong" in sample
