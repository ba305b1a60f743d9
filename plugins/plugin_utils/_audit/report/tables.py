# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""All findings of a fleet for spreadsheets and for build servers: findings.csv and junit.xml."""

from __future__ import annotations

import csv
import re
import typing as t
from xml.etree import ElementTree as ET

from ..record import Record
from ..rule import State
from . import summary

COLUMNS = (
    *("server", "time", "rule", "subject", "severity", "state", "about", "expected", "actual", "reason"),
    *("variable", "place", "drift", "first_seen", "last_seen"),
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet takes for the beginning of a formula (OWASP, "CSV Injection")."""
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def neutral(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


class Csv:
    """A file with a line for each finding.

    Args:
        file: a text file, opened without translation of line ends.
    """

    def __init__(self, file: t.TextIO) -> None:
        self._writer = csv.writer(file)
        self._writer.writerow(COLUMNS)

    def add(self, record: Record) -> None:
        """Add a server's findings; one that was not audited has a line that says so."""
        head = {"server": record["server"], "time": record["time"]}
        rows = record["findings"] or [{"state": summary.UNREACHED, "reason": record.get("unaudited", "")}]
        for one in rows:
            rule = one.get("rule", "")
            more = {"subject": summary.subject(rule), "severity": summary.severity(rule)} if rule else {}
            row = {**one, **more, **head}
            if one["state"] == State.PASS.value:
                row.setdefault("actual", one.get("expected", ""))
            self._writer.writerow([neutral(str(row.get(name, ""))) for name in COLUMNS])


class JUnit:
    """A file with a test suite for each server and a test case for each finding.

    Args:
        file: a text file.
    """

    def __init__(self, file: t.TextIO) -> None:
        self._file = file
        self._number = 0
        file.write('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n')

    def add(self, record: Record) -> None:
        """Add a server."""
        found = record["findings"]
        failed = sum(one["state"] == State.FAIL.value for one in found)
        skipped = sum(one["state"] not in {State.FAIL.value, State.PASS.value} for one in found)
        error = "unaudited" in record
        suite = ET.Element(
            "testsuite",
            name=_text(record["server"]),
            package="imops.identity_manager",
            id=str(self._number),
            hostname=_text(record["server"]),
            timestamp=record["time"].rstrip("Z"),
            tests=str(len(found) + error),
            failures=str(failed),
            errors=str(int(error)),
            skipped=str(skipped),
            time="0",
        )
        ET.SubElement(suite, "properties")
        if error:
            case = ET.SubElement(suite, "testcase", classname="audit", name="the server was audited", time="0")
            ET.SubElement(case, "error", type=summary.UNREACHED, message=_text(record["unaudited"]))
        for one in found:
            _case(suite, one)
        ET.SubElement(suite, "system-out")
        ET.SubElement(suite, "system-err")
        self._file.write(ET.tostring(suite, encoding="unicode") + "\n")
        self._number += 1

    def close(self) -> None:
        """Write the end of the file, which stays open."""
        self._file.write("</testsuites>\n")


def _case(suite: ET.Element, one: dict[str, t.Any]) -> None:
    about = one.get("about", "")
    name = f"{one['rule']}: {about}" if about else one["rule"]
    case = ET.SubElement(suite, "testcase", classname=summary.subject(one["rule"]), name=_text(name), time="0")
    told = f"found {one.get('actual', '')}, wanted {one.get('expected', '')}. {one.get('reason', '')}".strip()
    if one["state"] == State.FAIL.value:
        ET.SubElement(case, "failure", type=summary.severity(one["rule"]), message=_text(told))
    elif one["state"] == State.WAIVED.value:
        ET.SubElement(case, "skipped", message=_text(f"waived: {one.get('waiver', {}).get('reason', '')}"))
    elif one["state"] != State.PASS.value:
        ET.SubElement(case, "skipped", message=_text(f"{one['state']}: {one.get('reason', '')}"))


def _text(text: str) -> str:
    """Return a text without the characters that XML cannot hold."""
    return _NOT_IN_XML.sub("\ufffd", str(text))
