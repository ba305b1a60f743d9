"""docs/variables.md has every public variable, as the argument specs have them now."""

from __future__ import annotations

import re

import variables_page
from ansible_collections.imops.identity_manager.plugins.plugin_utils._run import inventory_check


def test_the_page_is_current():
    assert variables_page.PAGE.read_text("utf-8") == variables_page.page(), "run tools/variables_page.py"


def test_the_page_has_each_variable_once():
    rows = re.findall(r"^\| `(\w+)` \|", variables_page.page(), re.MULTILINE)
    assert sorted(rows) == sorted(inventory_check.KNOWN)


def test_no_markup_of_ansible_is_left_on_the_page():
    assert not re.search(r"\b[COVMP]\([^)]*\)", variables_page.page())


def test_the_page_names_no_private_variable():
    assert not re.search(r"\b_im_", variables_page.page())
