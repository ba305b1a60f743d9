"""The forms of an account's name, and that everything that takes an account agrees on each."""

from __future__ import annotations

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core.plan import Refused
from ansible_collections.imops.identity_manager.plugins.plugin_utils._hosting import application_pool, service
from ansible_collections.imops.identity_manager.plugins.plugin_utils._inventory import rules
from ansible_collections.imops.identity_manager.plugins.plugin_utils._windows import account_name, sddl
from ansible_collections.imops.identity_manager.plugins.plugin_utils._windows.account_name import Form
from ansible_collections.imops.identity_manager.plugins.plugin_utils._windows.identity import Identity

SVC_SID = sddl.service_sid("Agent")
POOL_SID = sddl.pool_sid("Agent")
# Name, form, whether it has a password, the SID that the name alone tells, whether a pool and a service take it.
NAMES = [
    ("CONTOSO\\svc-agent", Form.DOMAIN, True, "", True, True),
    ("svc-agent@contoso.com", Form.PRINCIPAL, True, "", True, True),
    (".\\svc-agent", Form.LOCAL, True, "", True, True),
    ("svc-agent", Form.PLAIN, True, "", True, True),
    ("CONTOSO\\agent$", Form.MANAGED, False, "", True, True),
    ("agent$@contoso.com", Form.MANAGED, False, "", True, True),
    ("agent$", Form.MANAGED, False, "", True, True),
    ("NT SERVICE\\Agent", Form.SERVICE, False, SVC_SID, False, True),
    ("nt service\\agent", Form.SERVICE, False, SVC_SID, False, True),
    (SVC_SID, Form.SERVICE, False, SVC_SID, False, True),
    ("IIS APPPOOL\\Agent", Form.POOL, False, POOL_SID, False, False),
    ("iis apppool\\agent", Form.POOL, False, sddl.pool_sid("agent"), False, False),
    (POOL_SID, Form.POOL, False, POOL_SID, False, False),
    ("LocalSystem", Form.WINDOWS, False, "S-1-5-18", False, True),
    (".\\LocalSystem", Form.WINDOWS, False, "S-1-5-18", False, True),
    ("nt authority\\system", Form.WINDOWS, False, "S-1-5-18", False, True),
    ("AUTORITE NT\\Syst\u00e8me", Form.WINDOWS, False, "S-1-5-18", False, True),
    ("S-1-5-18", Form.WINDOWS, False, "S-1-5-18", False, True),
    ("LOCAL SERVICE", Form.WINDOWS, False, "S-1-5-19", False, True),
    ("NT AUTHORITY\\LocalService", Form.WINDOWS, False, "S-1-5-19", False, True),
    ("NT-AUTORIT\u00c4T\\Lokaler Dienst", Form.WINDOWS, False, "S-1-5-19", False, True),
    ("AUTORITE NT\\SERVICE R\u00c9SEAU", Form.WINDOWS, False, "S-1-5-20", False, True),
    ("NT AUTHORITY\\NETWORK SERVICE", Form.WINDOWS, False, "S-1-5-20", False, True),
    ("S-1-5-21-1-2-3-1104", Form.SID, True, "S-1-5-21-1-2-3-1104", False, True),
]
PASSWORD = "canary-account"


def defaults(subject):
    return {name: option.get("default") for name, option in subject.ARGUMENT_SPEC["argument_spec"].items()}


def pool_takes(name, password):
    arguments = {"name": "Agent", "identity": "specific_user", "username": name, "password": password or None}
    return taken(application_pool, arguments)


def service_takes(name, password):
    return taken(service, {"name": "Agent", "path": "C:\\im\\Runtime", "username": name, "password": password or None})


def taken(subject, arguments):
    try:
        subject.Wanted.of({**defaults(subject), **arguments})
    except Refused as refusal:
        assert PASSWORD not in str(refusal)
        return False
    return True


def inventory_takes(name, password, hosting):
    inventory = {"hosting": hosting, "identity_username": name, "identity_password": password}
    found = list(rules.problems(inventory))
    return not any(problem.variable.startswith("im_agent_identity_") for problem in found)


def is_service_with_few_rights(name):
    return account_name.of(name).sid not in service.REFUSED_ACCOUNTS


@pytest.mark.parametrize(("name", "form", "has_password", "sid", "pool", "svc"), NAMES, ids=[row[0] for row in NAMES])
def test_inventory_pool_service_and_rights_agree_on_a_name(name, form, has_password, sid, pool, svc):
    found = account_name.of(name)
    assert (found.form, found.has_password, found.sid) == (form, has_password, sid)
    for password in ("", PASSWORD):
        right = bool(password) is has_password
        assert pool_takes(name, password) is (pool and right)
        assert inventory_takes(name, password, "iis") is (pool and right)
        assert service_takes(name, password) is (svc and right)
        assert inventory_takes(name, password, "service") is (svc and right and is_service_with_few_rights(name))
    identity = Identity.of({"account": name})
    assert bool(identity.questions()) is (not sid)
    if sid:
        assert identity.sid(lambda query: [None]) == sid
        assert sid in identity.token(sid)


def test_a_virtual_account_carries_the_groups_of_its_service_or_pool():
    named, own = Identity.of({"account": "NT SERVICE\\Agent"}), Identity.of({"service": "Agent"})
    assert named == own
    assert Identity.of({"account": "IIS APPPOOL\\Agent"}) == Identity.of({"pool": "Agent"})
    assert (named.name, Identity.of({"pool": "Agent"}).name) == ("NT SERVICE\\Agent", "IIS APPPOOL\\Agent")


def test_the_service_compares_accounts_by_sid_in_any_language():
    asked = []
    wanted = service.Wanted.of(
        {**defaults(service), "name": "A", "path": "C:\\r", "username": "NT AUTHORITY\\LOCAL SERVICE"}
    )
    assert service._same_account(wanted, "AUTORITE NT\\SERVICE LOCAL", account_name.LOCAL_SERVICE, asked.append)
    assert not service._same_account(wanted, "LocalSystem", account_name.LOCAL_SERVICE, asked.append)
    assert asked == []
