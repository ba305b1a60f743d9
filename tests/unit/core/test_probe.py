import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core import probe


def test_equal_questions_share_a_key_whatever_the_order_of_their_fields():
    assert probe.key({"kind": "file", "path": "C:\\a"}) == probe.key({"path": "C:\\a", "kind": "file"})


WRITTEN = "C:\\agent\\Runtime\\appsettings.json"
CHANGED = {
    "itself": probe.file(WRITTEN),
    "itself, written otherwise": probe.file("c:/agent/runtime/AppSettings.json"),
    "its rights": probe.acl("C:\\agent", WRITTEN),
    "files named like it": probe.files("C:\\agent\\Runtime", "appsettings*", rights=True),
    "all files of its folder": probe.files("C:\\agent\\Runtime\\"),
    "files with another ending, which its former ones have": probe.files("C:\\agent\\Runtime", "*.bak"),
    "all files of the drive": probe.files("C:\\", recurse=True),
    "a download where it is missing": probe.download("https://files.contoso.com/a.zip", WRITTEN),
}
UNCHANGED = {
    "another file": probe.file("C:\\agent\\Runtime\\web.config"),
    "a file of another folder": probe.file("C:\\agent\\Work\\appsettings.json"),
    "its folder": probe.file("C:\\agent\\Runtime"),
    "rights of its folder": probe.acl("C:\\agent\\Runtime"),
    "files named otherwise": probe.files("C:\\agent\\Runtime", "web.config*"),
    "files of a folder above": probe.files("C:\\agent"),
    "files of a folder with a longer name": probe.files("C:\\agent\\Run", recurse=True),
    "a service": probe.service("W3SVC"),
    "IIS": probe.iis(),
    "certificates": probe.certificates(),
}


@pytest.mark.parametrize("query", CHANGED.values(), ids=CHANGED)
def test_what_may_tell_of_a_written_file_is_known(query):
    assert probe.may_tell_of(query, WRITTEN)


@pytest.mark.parametrize("query", UNCHANGED.values(), ids=UNCHANGED)
def test_what_does_not_tell_of_a_written_file_is_kept(query):
    assert not probe.may_tell_of(query, WRITTEN)
