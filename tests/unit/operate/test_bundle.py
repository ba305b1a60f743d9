"""The zip of a support bundle: what is in it, and that its size is bounded."""

from __future__ import annotations

import io
import zipfile

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._operate import bundle
from ansible_collections.imops.identity_manager.plugins.plugin_utils._operate.bundle import Part

TIME = (2026, 11, 29, 21, 0, 0)
LOG = "".join(f"line {number}\n" for number in range(4000))


def made(parts, most=bundle.MEBIBYTE):
    found = bundle.zipped(parts, "About", most, TIME)
    archive = zipfile.ZipFile(io.BytesIO(found.content))
    assert archive.testzip() is None
    assert tuple(archive.namelist()) == found.names
    return found, {name: archive.read(name).decode() for name in archive.namelist()}


@pytest.mark.parametrize("most", [0, 5, 5000, 20000, 40000, 100000])
def test_the_files_are_never_larger_than_allowed_and_what_is_missing_is_told(most):
    parts = [Part("plan.txt", "plan\n"), Part("a.log", LOG, shortens=True), Part("b.json", "x" * 6000)]
    found, texts = made(parts, most)
    readme = texts.pop(bundle.README)
    assert sum(len(text.encode()) for text in texts.values()) <= most
    missing = {part.name for part in parts if texts.get(part.name) != part.text}
    assert {one.partition(":")[0] for one in found.left_out} == missing
    assert all(one in readme for one in found.left_out)
    assert ("Nothing was left out." in readme) is (not missing)
    if "a.log" in missing & set(texts):
        assert texts["a.log"].startswith("(the beginning was left out")
        assert LOG.endswith(texts["a.log"].partition("\n")[2])


def test_two_files_of_one_name_both_are_there_on_windows_too():
    _found, texts = made([Part("logs/a.log", "1"), Part("logs/A.log", "2"), Part("README.TXT", "3"), Part("x", "4")])
    assert sorted(texts) == ["README-2.TXT", "README.txt", "logs/A-2.log", "logs/a.log", "x"]
