"""What an operation may change is asked again, and nothing else."""

from __future__ import annotations

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core import probe
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core.touched import STORES, Touched

RUNTIME = "C:\\agent\\Runtime"
RIGHTS = Touched(rights=("C:\\agent\\Runtime",))
ASKED_AGAIN = {
    "its rights": (RIGHTS, probe.acl("C:\\other", "c:/agent/runtime/")),
    "rights of what inherits from it": (RIGHTS, probe.acl(f"{RUNTIME}\\appsettings.json")),
    "rights of files": (RIGHTS, probe.files(RUNTIME, "*.pfx", rights=True)),
    "certificates": (STORES, probe.certificates()),
    "another store": (STORES, probe.certificates(store="CA")),
    "a download, which may be from whom is trusted now": (STORES, probe.download("https://files.contoso.com/a.zip")),
    "a written file": (Touched(files=(f"{RUNTIME}\\a",)), probe.file(f"{RUNTIME}\\a")),
}
KNOWN = {
    "rights of the folder above": (RIGHTS, probe.acl("C:\\agent")),
    "rights of a folder with a longer name": (RIGHTS, probe.acl("C:\\agent\\Runtime2")),
    "content of a file in it": (RIGHTS, probe.file(f"{RUNTIME}\\appsettings.json")),
    "names of files in it": (RIGHTS, probe.files(RUNTIME)),
    "certificates, with other rights of a folder": (RIGHTS, probe.certificates()),
    "rights of a folder, with another certificate": (STORES, probe.acl(RUNTIME)),
    "IIS, with another certificate": (STORES, probe.iis()),
    "anything, where nothing is touched": (Touched(), probe.file(RUNTIME)),
}


@pytest.mark.parametrize(("touched", "query"), ASKED_AGAIN.values(), ids=ASKED_AGAIN)
def test_what_may_be_otherwise_is_asked_again(touched, query):
    assert touched.may_change(query)


@pytest.mark.parametrize(("touched", "query"), KNOWN.values(), ids=KNOWN)
def test_what_stays_true_is_not_asked_again(touched, query):
    assert not touched.may_change(query)
