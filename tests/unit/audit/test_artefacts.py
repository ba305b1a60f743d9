"""What an audit leaves on the controller: valid by its schemas, and without a secret of the inventory or the server."""

from __future__ import annotations

import base64
import datetime
import json

import audited
import by_day
import canaries
import chain
import jsonschema
import pytest
import records
import trial
import xmlschema
from ansible_collections.imops.identity_manager.plugins.plugin_utils._run import reporting
from planted import FAULTS
from records import OTHER, RULE, finding, record

NOW = datetime.datetime(2027, 1, 15, 12, tzinfo=datetime.UTC)
SCHEMA = json.loads((chain.ROOT / "docs" / "schema" / "audit_record.json").read_text("utf-8"))
JUNIT = xmlschema.XMLSchema(str(chain.ROOT / "tests" / "unit" / "audit" / "junit.xsd"))
WAIVER = {"rule": RULE, "hosts": ["*"], "reason": "r", "approved_by": "Jane", "until": "2027-03-01"}
HIDDEN = ("canary-changed-by-hand-11", "canary-in-an-unknown-key-12")


def written(folder, results, **options):
    """Write the artefacts of results."""
    given = {"results": results, "servers": [], "waivers": [], "operator": "Jane", "title": "Agents", **options}
    return reporting.written(folder, given, NOW)


def check(folder):
    """Check every record and the file for build servers; return how many records there were."""
    JUNIT.validate(str(folder / "junit.xml"))
    found = [json.loads(path.read_bytes()) for path in folder.glob("*/*.json")]
    for one in found:
        jsonschema.validate(one, SCHEMA, format_checker=jsonschema.FormatChecker())
    return len(found)


def texts(folder):
    """Return all that is written, by its name."""
    return {str(path.relative_to(folder)): path.read_text("utf-8") for path in folder.rglob("*") if path.is_file()}


MADE_UP = {
    "nothing found": {"a": {"record": record(finding(RULE, "pass"))}},
    "all states": {
        "a": {"record": record(*(finding(OTHER, state, about=state) for state in ("pass", "fail", "unknown")))},
        "b": {"record": record(finding(OTHER, "not_applicable", reason="none"), finding(RULE), server="b")},
    },
    "not reached": {"a": {"unreachable": True, "msg": "timed out\nafter 30 s"}},
    "failed": {"a": {"failed": True, "msg": "the probe did not answer"}},
    **{
        f"hostile {number}": {"a": {"record": record(finding(about=text, actual=text, expected=text, reason=text))}}
        for number, text in enumerate(records.HOSTILE)
    },
}


@pytest.mark.parametrize("name", MADE_UP)
@pytest.mark.parametrize("key", ["", records.PEM], ids=["", "signed"])
def test_what_is_written_is_valid(name, key, tmp_path):
    for _run in range(2):  # the second compares with the first
        written(tmp_path, MADE_UP[name], waivers=[WAIVER], signing_key=key)
    assert check(tmp_path) == 2 * len(MADE_UP[name])


def test_the_schemas_refuse_what_is_not_valid(tmp_path):
    written(tmp_path, MADE_UP["all states"])
    (path, *_others) = sorted(tmp_path.glob("a/*.json"))
    whole = json.loads(path.read_bytes())
    for wrong in ({**whole, "schema": 2}, {**whole, "password": "x"}, {**whole, "findings": [{"rule": RULE}]}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, SCHEMA)
    good = (tmp_path / "junit.xml").read_text("utf-8")
    for old, new in ((' classname="', ' class="'), ("<properties />", ""), ('tests="', 'tests="-')):
        assert old in good
        assert not JUNIT.is_valid(good.replace(old, new, 1))


def test_the_audits_of_broken_servers_are_valid(tmp_path):
    faults = FAULTS[5::30]
    written(tmp_path, {f"server-{number}": trial.result_of(fault) for number, fault in enumerate(faults)})
    assert check(tmp_path)


def inventory(turn):
    """Return variables with a secret in each place but those of ansible-vault, which nobody opens here."""
    given = canaries.inventory(turn)
    connections = {name: one for name, one in given["im_agent_connections"].items() if not name.startswith("Vault")}
    plain = {name: value for name, value in given.items() if name != "im_settings_no_proxy"}
    return audited.variables() | plain | {"im_agent_connections": connections}


def foreign(server):
    """Lay files of somebody else into Runtime, and change settings of ours."""
    for name, text in canaries.found_files().items():
        if name not in {"appsettings.json", "appsettings.agent.json"}:
            server.machine.files.write(f"{chain.RUNTIME}\\{name}", text.encode())
    path = f"{chain.RUNTIME}\\appsettings.agent.json"
    data = json.loads(server.machine.files.read(path))
    data["Connections"]["SAPExportFulfillment"]["Password"] = HIDDEN[0]
    data["Connections"]["SAPExportFulfillment"]["Unknown"] = HIDDEN[1]
    server.machine.files.write(path, json.dumps(data).encode())


@pytest.mark.parametrize("signing_key", by_day.these({records.PEM}, ["", records.PEM]), ids=["", "signed"])
def test_no_secret_is_in_any_artefact(signing_key, tmp_path):
    server = trial.sound()
    for turn in (*canaries.ROUNDS, "as found"):  # rotated by the inventory, then changed by hand
        if turn == "as found":
            foreign(server)
        result = audited.audit(server, inventory("new" if turn == "as found" else turn))
        assert "settings.as-wanted" in audited.failed(result), "secrets have been compared"
        written(tmp_path, {audited.SERVER: result}, signing_key=signing_key)
    found = texts(tmp_path)
    assert {name.rpartition("/")[2] for name in found} >= {"report.html", "report.json", "findings.csv", "junit.xml"}
    assert {name: seen for name, text in found.items() if (seen := canaries.seen(text))} == {}
    private = base64.b64decode("".join(records.PEM.splitlines()[1:-1]))
    assert not [name for name, text in found.items() if base64.b64encode(private[-32:]).decode()[:40] in text]
    assert len([name for name in found if name.startswith(audited.SERVER)]) == len(canaries.ROUNDS) + 1
