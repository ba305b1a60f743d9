"""How the role im_settings gives the passwords of PFX files to the settings: by use, shared uses too."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

ROLE = Path(__file__).resolve().parents[3] / "roles" / "im_settings" / "defaults" / "main.yml"
FILE = {"use": "encryption", "place": "file", "path": "C:\\im\\a.pfx", "file_password": "canary-role-file-3f"}
CASES = {
    "none": ([{"use": "encryption"}], {}),
    "one": ([FILE, {"use": "server"}], {"encryption": "canary-role-file-3f"}),
    "shared": (
        [FILE, {"use": "password_reset", "same_as": "encryption"}, {"use": "identity_server", "same_as": "server"}],
        {"encryption": "canary-role-file-3f", "password_reset": "canary-role-file-3f"},
    ),
    "each its own": (
        [FILE, {**FILE, "use": "password_reset", "file_password": "canary-role-other-4a"}],
        {"encryption": "canary-role-file-3f", "password_reset": "canary-role-other-4a"},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_passwords_of_files_by_use(name):
    pairs, expected = CASES[name]
    loader = DataLoader()
    variables = {**loader.load_from_file(str(ROLE), trusted_as_template=True), "_im_agent_certificates": pairs}
    variables["im_certificates_result"] = {"certificates": {pair["use"]: {"file": "x"} for pair in pairs}}
    templar = Templar(loader, variables)
    assert templar.template(variables["im_settings_certificate_passwords"]) == expected
    passwords = templar.template(variables["_im_settings_passwords"])
    for use, found in passwords.items():
        assert found["password"] == expected.get(use, "")
    assert bool(templar.template(variables["_im_settings_password_reset"])) == ("password_reset" in expected)
