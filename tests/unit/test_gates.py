"""The gates of `make lint` that are ours find what they are for."""

from __future__ import annotations

import dependencies
import galaxy_import
import pytest
import release_check
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


def test_every_complaint_of_the_importer_counts_except_known_warnings():
    known = "Ignore files skip ansible-test sanity tests, found ignore-2.21.txt with 2 statement(s)"
    lines = ["Loading module x", f"WARNING: {known}", "WARNING: No changelog found.", f"ERROR: {known}"]
    assert galaxy_import.complaints("\n".join(lines)) == lines[2:]


@pytest.mark.parametrize(
    ("version", "fragment", "problem"),
    [
        ("1.1.0", None, None),
        ("1.2.0", None, "galaxy.yml: found version 1.1.0, expected 1.2.0"),
        ("1.2.0", None, "no release 1.2.0"),
        ("1.1.0", "new.yml", "not in the changelog yet: new.yml"),
    ],
)
def test_a_release_names_one_version_everywhere_and_leaves_no_fragment(tmp_path, version, fragment, problem):
    (tmp_path / "changelogs" / "fragments").mkdir(parents=True)
    (tmp_path / "galaxy.yml").write_text("version: 1.1.0\n", "utf-8")
    (tmp_path / "changelogs" / "changelog.yaml").write_text("releases: {1.1.0: {}}\n", "utf-8")
    if fragment:
        (tmp_path / "changelogs" / "fragments" / fragment).write_text("trivial: [x]\n", "utf-8")
    found = "\n".join(release_check.problems(version, tmp_path))
    assert problem in found if problem else found == ""


def test_what_is_required_and_no_longer_used_is_told(monkeypatch):
    monkeypatch.setitem(dependencies.NOT_IMPORTED, "left-over", "no file has " + "these words")
    assert "left-over" in dependencies.unseen()
    assert "ruff" not in dependencies.unseen()
