"""Distinguished names: read back by the cryptography library, and known from RFC 4514."""

from __future__ import annotations

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core.plan import Refused
from ansible_collections.imops.identity_manager.plugins.plugin_utils._windows import distinguished_name
from cryptography import x509
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

TYPES = ["CN", "OU", "O", "DC", "L", "ST"]
VALUES = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), min_size=1, max_size=16) | st.text(
    ' "#+,;<=>\\', min_size=1, max_size=6
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine draws slowly
@given(st.dictionaries(st.sampled_from(TYPES), VALUES | st.lists(VALUES, min_size=1, max_size=3), min_size=1))
def test_what_is_written_is_what_is_read(parts):
    text = distinguished_name.formatted(parts)
    read = x509.Name.from_rfc4514_string(text)
    # The text has the most specific part first, the certificate last.
    found = [(part.rfc4514_attribute_name, part.value) for part in reversed(list(read))]
    assert found == [
        (kind, v) for kind, value in parts.items() for v in (value if isinstance(value, list) else [value])
    ]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        # RFC 4514, section 4.
        ({"UID": "jsmith", "DC": ["example", "net"]}, "UID=jsmith,DC=example,DC=net"),
        ({"CN": 'James "Jim" Smith, III', "DC": ["example", "net"]}, r"CN=James \"Jim\" Smith\, III,DC=example,DC=net"),
        ({"CN": "Before\rAfter", "DC": ["example", "net"]}, r"CN=Before\0DAfter,DC=example,DC=net"),
        ({"CN": "Lučić"}, "CN=Lučić"),
        ({"CN": " a "}, r"CN=\ a\ "),
        ({"CN": " "}, r"CN=\ "),
        ({"CN": "#a#"}, r"CN=\#a#"),
        ({"CN": "a=b"}, "CN=a=b"),
        ({"CN": "\0"}, r"CN=\00"),
        ({"2.5.4.3": "x"}, "2.5.4.3=x"),
    ],
)
def test_known_names(parts, expected):
    assert distinguished_name.formatted(parts) == expected


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        (None, "found nothing, wanted values by attribute type"),
        ({}, "found nothing"),
        ("CN=x", "found a string"),
        ([["CN", "x"]], "found a list"),
        ({"C N": "x"}, "found the attribute type 'C N'"),
        ({"": "x"}, "found the attribute type ''"),
        ({5: "x"}, "found the attribute type 5"),
        ({"CN": ""}, "CN: found '', wanted a string; omit CN"),
        ({"CN": None}, "CN: found None"),
        ({"CN": 5}, "CN: found 5"),
        ({"DC": []}, "DC: found an empty list"),
        ({"DC": ["a", ""]}, "DC: found ''"),
    ],
)
def test_what_is_no_name_is_refused(parts, told):
    with pytest.raises(Refused) as error:
        distinguished_name.formatted(parts)
    assert told in str(error.value)


SAME = {
    "CN=im, OID.2.5.4.97=NTRFR-123456789, C=FR": "CN=im,2.5.4.97=NTRFR-123456789,C=FR",
    "CN=im, SERIALNUMBER=7, STREET=Rue 1": "CN=im,2.5.4.5=7,STREET=Rue 1",
    "OU=Team + CN=im, O=Contoso": "CN=im+OU=Team,O=Contoso",
    "cn=IM": "CN=im",
}


@pytest.mark.parametrize("text", SAME)
def test_a_subject_as_windows_shows_it_is_found_whatever_its_parts(text):
    assert distinguished_name.is_same(text, SAME[text])
    assert not distinguished_name.is_same(text, "CN=other,C=FR")
    assert not distinguished_name.is_same(text, "CN=#0401ff")


COMMON_NAMES = [
    ("CN=agent.contoso.com", "agent.contoso.com"),
    ("CN=Contoso\\, Paris", "Contoso, Paris"),
    ("CN=agent.contoso.com,OU=Team CN=x", "agent.contoso.com"),
    ("OU=Team CN=x,CN=agent.contoso.com", "agent.contoso.com"),
    ('CN="a, b",O=Contoso', "a, b"),
    ("O=Contoso", ""),
]


@pytest.mark.parametrize(("subject", "name"), COMMON_NAMES)
def test_the_common_name_is_parsed(subject, name):
    assert distinguished_name.common_name(subject) == name
