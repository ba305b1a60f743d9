"""Secrets in texts of unknown origin, such as logs: masked in every form, also where the text was cut."""

from __future__ import annotations

import json
import time

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._operate.text_mask import TextMask, whole_lines

KNOWN, SHORT = 'canary-"known"-secret', "p4ss"
MASK = TextMask(frozenset({KNOWN, SHORT}))
HIDDEN = [
    f"bind failed with {KNOWN} for svc",
    f"the body was {json.dumps({'x': KNOWN})}",
    "Server=x;Password=canary-1;",
    '{"ClientSecret": "canary-2"}',
    '"Password":\n   "canary-3",\nnext',
    "proxy http://svc:canary-4@proxy:3128 refused",
    "Authorization: Bearer canary-token-5",
    "Usercube-Invoke-Job.exe --api-secret canary-6 --url x",
    "run -p=canary-7 now",
    f"LDAP bind with {SHORT} as svc",
    "-----BEGIN PRIVATE KEY-----\ncanary8\ncanary9\n-----END PRIVATE KEY-----\nafter",
    "-----BEGIN RSA PRIVATE KEY-----\ncanary11",
]
READABLE = [
    "2026-11-24 08:00:00.123 +00:00 [ERR] The job Export has failed: access denied to C:\\x",
    "Password: ********",
    '  "ClientSecret": "********",',
    "pass4 is no secret, p4ssword neither",
    "",
]


@pytest.mark.parametrize("text", HIDDEN)
@pytest.mark.parametrize("before", ["", "first\n", "first\r\n\r\n"])
def test_no_secret_is_left_in_a_text_and_the_lines_around_it_are(text, before):
    shown = MASK.log(before + text)
    assert "canary" not in shown
    assert SHORT not in shown
    assert shown.startswith(before.strip())
    assert "after" not in text or shown.endswith("after")


def test_the_end_of_a_private_key_whose_beginning_was_cut_off_hides_all_before_it():
    shown = MASK.log("canary10\ncanary11\n-----END RSA PRIVATE KEY-----\nafter")
    assert "canary" not in shown
    assert shown.endswith("\nafter")


@pytest.mark.parametrize("text", READABLE)
def test_what_is_no_secret_is_left_as_it_is(text):
    assert MASK.log(text) == text


def test_the_number_of_lines_stays():
    text = "\n".join([*READABLE, *HIDDEN])
    assert len(MASK.log(text).splitlines()) == len(text.splitlines())


@pytest.mark.parametrize("keep", range(1, 40))
def test_wherever_a_log_was_cut_half_a_secret_is_not_left(keep):
    content = b"Password=canary-word\nlast line\n"
    text = whole_lines(content[-keep:], cut=keep < len(content))
    assert text is not None
    assert "canary" not in MASK.log(text)
    assert all(part not in MASK.log(text) for part in ("anary", "word", "ary-w"))
    assert keep < 11 or "last line" in text


@pytest.mark.parametrize("content", [b"\x00\x01", bytes(range(128, 256)) * 3])
def test_what_is_no_text_is_told_apart(content):
    assert whole_lines(content, cut=False) is None


def test_a_name_with_a_secret_is_masked_whole():
    assert MASK.name("token=canary.log") == "********"
    assert MASK.name("agent-20261124.log") == "agent-20261124.log"


LONG = {
    "a password on each line": "Password=abc and what happened\n" * 20_000,
    "JSON on one line": '{"u":"https://a.contoso.com:8443/x"},' * 15_000,
    "addresses that end nowhere": "://a:" * 60_000,
}


@pytest.mark.parametrize("name", LONG)
def test_a_large_log_is_masked_in_time_that_grows_with_it(name):
    text = LONG[name]
    began = time.process_time()
    MASK.log(text[: len(text) // 8])
    part = time.process_time() - began
    began = time.process_time()
    MASK.log(text)
    assert time.process_time() - began < 24 * max(part, 0.02), "if squared, 8 times the text took 64 times as long"


@pytest.mark.parametrize("secret", ["x" * 5000, f"x/{'y' * 500}", f"{'y' * 500}/x"])
def test_a_long_password_of_an_address_is_hidden(secret):
    assert secret not in MASK.log(f"proxy http://svc:{secret}@proxy:3128 refused")
