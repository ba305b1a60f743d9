"""A made pair's certificate: its serial number, its validity, what it may be used for."""

from __future__ import annotations

import datetime

import pytest
import ready_keys
from ansible_collections.imops.identity_manager.plugins.plugin_utils._certificates import new_pair
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

NOW = datetime.datetime(2026, 11, 24, 8, 0, tzinfo=datetime.UTC)


def test_the_serial_number_is_of_the_key_alone_and_as_rfc_5280_wants_it():
    serials = [new_pair.serial(key) for key in ready_keys.all_keys()]
    assert len(set(serials)) == len(serials)
    assert all(0 < number.bit_length() <= 159 for number in serials)
    assert serials == [new_pair.serial(key) for key in ready_keys.all_keys()]


def test_it_is_valid_from_the_day_before_for_as_many_days_as_asked():
    _key, certificate = new_pair.create("CN=agent", NOW, uses={"encryption"}, days=30)
    assert certificate.not_valid_before_utc == NOW - datetime.timedelta(days=1)
    assert certificate.not_valid_after_utc == NOW + datetime.timedelta(days=30)


@pytest.mark.parametrize(
    ("uses", "opens_data", "is_server"),
    [({"server"}, False, True), ({"encryption"}, True, False), ({"server", "encryption"}, True, True)],
)
def test_its_use_follows_from_what_it_is_for(uses, opens_data, is_server):
    _key, certificate = new_pair.create("CN=agent", NOW, uses=uses, hosts=["agent.contoso.com", "10.0.0.1"])
    extensions = certificate.extensions
    usage = extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.digital_signature, usage.key_encipherment, usage.data_encipherment) == (True, True, opens_data)
    assert not (usage.key_cert_sign or usage.crl_sign or usage.key_agreement or usage.content_commitment)
    assert not extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["agent.contoso.com"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["10.0.0.1"]
    extended = [e.value for e in extensions if isinstance(e.value, x509.ExtendedKeyUsage)]
    assert [list(value) for value in extended] == ([[ExtendedKeyUsageOID.SERVER_AUTH]] if is_server else [])
