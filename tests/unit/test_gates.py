"""The gates of `make lint` that are ours find what they are for."""

from __future__ import annotations

import dependencies
import galaxy_import
import pytest
import secrets_check
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

PEM = (
    rsa.generate_private_key(public_exponent=65537, key_size=2048)
    .private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    .decode()
)
AWS_KEY = "AKIA" + "QX7T2M4LRWZP5NCD"


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (f"key = '{AWS_KEY}'", 1),
        ("vault_password: hV8s-Lk3Rq90-Tz", 1),
        (PEM, 1),
        ("vault_password: canary-hV8s-Lk3Rq90-Tz", 0),
        ("vault_password: '{{ vault_other }}'", 0),
    ],
    ids=["cloud key", "password", "private key", "made up", "reference"],
)
def test_a_secret_is_found_and_one_that_says_it_is_made_up_is_not(tmp_path, capfd, line, status):
    path = tmp_path / "variables.yml"
    path.write_text(f"{line}\n", "utf-8")
    assert secrets_check.main([str(path)]) == status
    assert ("variables.yml" in capfd.readouterr().out) == bool(status)


def test_the_importers_complaints_are_all_but_the_known():
    known = "WARNING: No changelog found. Add a CHANGELOG.rst"
    lines = ["Loading module x", known, "WARNING: something new", "ERROR: No changelog found. also counts"]
    assert galaxy_import.complaints("\n".join(lines)) == lines[2:]


def test_what_is_required_and_no_longer_used_is_told(monkeypatch):
    monkeypatch.setitem(dependencies.NOT_IMPORTED, "left-over", "no file has " + "these words")
    assert "left-over" in dependencies.unseen()
    assert "ruff" not in dependencies.unseen()
