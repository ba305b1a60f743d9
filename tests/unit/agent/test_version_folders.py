"""What the folders of other versions are called: found again whatever the version is, and users' own are left alone."""

from __future__ import annotations

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._agent import version_folders as folders

RUNTIME = "C:\\identitymanagerContoso\\Runtime"
CHECKSUM = "0123456789abcdef" * 4


@pytest.mark.parametrize("version", ["6.2.1.0", "6.2.1-rc1", "6.2.1+abc.5", "6", ""])
def test_a_former_version_is_found_again_by_path_and_by_name(version):
    path = folders.former(RUNTIME, version, CHECKSUM)
    for one in (path, path.rpartition("\\")[2], path.upper()):
        assert folders.is_former(RUNTIME, one)
        assert not folders.is_staged(RUNTIME, one)


def test_a_staged_version_is_found_again_and_is_no_former_one():
    path = folders.staged(RUNTIME, CHECKSUM)
    assert folders.is_staged(RUNTIME, path) and folders.is_staged("Runtime", path.rpartition("\\")[2])
    assert not folders.is_former(RUNTIME, path)


@pytest.mark.parametrize(
    "name",
    [
        "Runtime",
        "Runtime-old",
        "Runtime-6.2.1",
        "Runtime2.staged-01234567",
        "Runtime-6.2.1-01234567.im-0.old",
        "Other-6-01234567",
    ],
)
def test_other_names_are_the_users_own(name):
    assert not folders.is_former(RUNTIME, name) and not folders.is_staged(RUNTIME, name)
