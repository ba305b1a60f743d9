"""Every operation of the writer on Windows calls: what is laid down, what is asked, what must come of it."""

from __future__ import annotations

import base64
import dataclasses
import datetime
import hashlib
import io
import typing as t
import zipfile

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12

Operation = dict[str, t.Any]
FOLDER = "C:\\rig write"
ABSENT, OTHER = "absent", "0" * 64


def b64(data: bytes | str) -> str:
    return base64.b64encode(data.encode() if isinstance(data, str) else data).decode()


def sha256(data: bytes | str) -> str:
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()


def archive(**entries: str) -> bytes:
    """Return a zip; ``__`` in a name is a slash, a name that ends with it a folder."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in entries.items():
            made.writestr(zipfile.ZipInfo(name.replace("__", "/"), (2026, 1, 1, 0, 0, 0)), text)
    return memory.getvalue()


GOOD = archive(web__config="new", Agent__web__config="agent's", empty__="", deep__er__x__json="{}")
UNSAFE = {
    "above": archive(**{"../out.txt": "x"}),
    "absolute": archive(**{"C:/out.txt": "x"}),
    "rooted": archive(**{"/out.txt": "x"}),
    "backslashes": archive(**{"a\\..\\..\\out.txt": "x"}),
}


@dataclasses.dataclass(frozen=True)
class Pair:
    """A certificate as PFX, and without its key."""

    thumbprint: str
    pfx: bytes
    keyless: bytes
    der: bytes


def pair(password: str) -> Pair:
    """Make a key pair."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "rig key")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=30))
    made = builder.sign(key, hashes.SHA256())
    encryption = (
        serialization.PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(2000)
        .key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
        .hmac_hash(hashes.SHA1())
        .build(password.encode())
    )
    der = made.public_bytes(serialization.Encoding.DER)
    return Pair(
        hashlib.sha1(der, usedforsecurity=False).hexdigest().upper(),
        pkcs12.serialize_key_and_certificates(b"rig", key, made, None, encryption),
        pkcs12.serialize_key_and_certificates(b"rig", None, made, None, encryption),
        der,
    )


@dataclasses.dataclass(frozen=True)
class Case:
    """Operations on a fresh folder.

    Attributes:
        files: text or bytes by path below the folder; None makes a folder.
        changed: of each operation that was done; the one after them failed when ``fails`` is given.
        fails: the failure's type.
        left: what is below the folder afterwards (``*`` in a name stands for what differs each time); None: as before.
        lay: PowerShell that runs before, with ``$f`` the folder; ``clear`` after.
        rights: access lists as SDDL, by the paths of folders.
        web: whether it asks the rig's server for requests.
    """

    name: str
    operations: list[Operation]
    changed: list[bool]
    files: dict[str, str | bytes | None] = dataclasses.field(default_factory=dict)
    fails: str | None = None
    left: dict[str, str | None] | None = None
    lay: str = ""
    clear: str = ""
    rights: dict[str, str] = dataclasses.field(default_factory=dict)
    web: bool = False

    @property
    def cut(self) -> bool:
        """Tell whether the list ends before its last operation, without a failure."""
        return self.fails is None and len(self.changed) < len(self.operations)


IIS = r"""
& 'Z:\imps\iis\install-iis.ps1' -Reset *> $null
$null = [Reflection.Assembly]::LoadFrom("$env:windir\system32\inetsrv\Microsoft.Web.Administration.dll")
$m = New-Object Microsoft.Web.Administration.ServerManager
$null = $m.ApplicationPools.Add('Rig pool')
$m.CommitChanges()
"""
"""Makes the double of IIS with a pool that has started."""
SERVICES = "C:\\windows\\system32"
"""Where the one program is that always runs, services.exe."""


def jobs(folder: str = SERVICES, **fields: t.Any) -> Operation:
    return {"operation": "jobs", "path": folder, "prefix": "SERVICES", **fields}


def pool(state: str, name: str = "rig POOL", **fields: t.Any) -> Operation:
    return {"operation": "pool", "name": name, "state": state, **fields}


def operation(kind: str, path: str = "", **fields: t.Any) -> Operation:
    return {"operation": kind, "path": f"{FOLDER}\\{path}" if path else FOLDER, **fields}


def text(path: str, content: str, **fields: t.Any) -> Operation:
    return operation("file", path, content=b64(content), **fields)


def lock(run: str, owner: str, **fields: t.Any) -> Operation:
    return operation("lock", "l", run=run, owner=owner, **fields)


def extract(zipped: bytes = GOOD, **fields: t.Any) -> Operation:
    rest = {"archive": f"{FOLDER}\\r.zip", "sha256": sha256(zipped), "marker": ".version", "version": "6.2.1"}
    return operation("extract", "Runtime", **{**rest, **fields})


def listed(*files: tuple[str, str]) -> str:
    """Return the manifest of these files."""
    return "".join(f"{sha256(text)} {len(text)} {name}\n" for name, text in files)


def compare(**fields: t.Any) -> Operation:
    """Return the operation that compares a folder with the archive ``TAKEN``."""
    rest = {"archive": f"{FOLDER}\\r.zip", "sha256": sha256(TAKEN), "marker": ".version", "version": "6.2.1"}
    known = {"overlay": "Agent", "programs": r"^App-[^\\]*\.(dll|exe)$", "program": "App-Agent.dll"}
    return operation("compare", "Runtime", **{**rest, **known, **fields})


def swap(**fields: t.Any) -> Operation:
    """Return the operation that puts the folder N in the place of R."""
    rest = {"new": f"{FOLDER}\\N", "former": f"{FOLDER}\\F", "marker": ".version", "version": "2"}
    return operation("swap", "R", **{**rest, **fields})


TAKES: dict[str, str | bytes | None] = {"R\\.version": "1", "R\\a.txt": "mine", "R\\d\\own.dll": "own", "R\\b.txt": "1"}
NEWER: dict[str, str | bytes | None] = {"N\\.version": "2", "N\\a.txt": "theirs", "N\\b.txt": "2"}
TAKEN_OVER = {
    "F": None,
    "F\\d": None,
    "F\\.version": "1",
    "F\\a.txt": "mine",
    "F\\d\\own.dll": "own",
    "F\\b.txt": "1",
    "R": None,
    "R\\.version": "2",
    "R\\b.txt": "2",
}
CARRY = ["a.txt", "d\\own.dll"]
UNFINISHED: dict[str, str | bytes | None] = {
    "N\\a.txt.im-0123456789ab.tmp": "x",
    "N\\a.txt.im-0123456789ab.new\\input": "x",
    "N\\mine.im-x.tmp": "x",
    "N\\mine.im-x.new": None,
}


TAKEN = archive(**{"App-Agent.dll": "v1", "App-X.exe": "v1", "a.json": "x", "Agent/a.json": "y", "empty__": ""})
BY_HAND: dict[str, str | bytes | None] = {
    "r.zip": TAKEN,
    "Runtime\\app-agent.dll": "v1",
    "Runtime\\App-X.exe": "v1",
    "Runtime\\a.json": "mine",
    "Runtime\\own\\x.pfx": "z",
}
UNPACKED = {
    "Runtime": None,
    "Runtime\\web\\config": "new",
    "Runtime\\web": None,
    "Runtime\\Agent": None,
    "Runtime\\Agent\\web": None,
    "Runtime\\Agent\\web\\config": "agent's",
    "Runtime\\empty": None,
    "Runtime\\deep": None,
    "Runtime\\deep\\er": None,
    "Runtime\\deep\\er\\x": None,
    "Runtime\\deep\\er\\x\\json": "{}",
    "Runtime\\.version": "6.2.1",
}
HELD: dict[str, str | None] = {
    "r.zip": "*",
    "Runtime": None,
    "Runtime\\app-agent.dll": "v1",
    "Runtime\\App-X.exe": "v1",
    "Runtime\\a.json": "mine",
    "Runtime\\own": None,
    "Runtime\\own\\x.pfx": "z",
}
BACKUP = "a.txt.20200101T000000000.bak"
COPY, CMD = ["/c", "copy", "{input}", "{output}"], "C:\\Windows\\System32\\cmd.exe"


def protect(arguments: list[str], **fields: t.Any) -> Operation:
    """Return the operation that lets cmd.exe make a.txt of the text ``made``."""
    given = {"program": CMD, "folder": FOLDER, "arguments": arguments, "content": b64("made"), **fields}
    return operation("protect", "a.txt", **given)


def compose(said: str, content: str = "a (one) b (one) (two)", **fields: t.Any) -> Operation:
    """Return the operation that puts what cmd.exe says in the place of two marks."""
    parts = [
        {"mark": mark, "program": fields.pop("program", CMD), "arguments": ["/c", "echo", text]}
        for mark, text in (("(one)", said), ("(two)", "x"))
    ]
    return operation("compose", "a.txt", **{"folder": FOLDER, "content": b64(content), "parts": parts, **fields})


HOLD = "[AppDomain]::CurrentDomain.SetData('held', [IO.FileStream]::new(\"$f\\a.txt\", 'Open', 'Read', 'None'))"
LET_GO = "[AppDomain]::CurrentDomain.GetData('held').Dispose()"
RIGHTS = (("d", "OICI"), ("b.txt", ""))
LEFT = {
    "a.json.im-0123456789ab.tmp": "x",
    "R.im-0123456789ab.new": None,
    "R.im-0123456789ab.new\\x": "x",
    "R.im-0123456789ab.old": None,
    "mine.tmp": "x",
    "im-.tmp": "x",
}


def cases(made: Pair, password: str) -> list[Case]:
    """Return all cases."""
    add = {"content": b64(made.pfx), "password": password, "thumbprint": made.thumbprint}
    certificate = {"operation": "certificate", **add}
    gone = {"operation": "uncertificate", "thumbprint": made.thumbprint}
    somebody, others = "S-1-5-21-1-2-3-1001", "S-1-5-32-545"
    return [
        Case(
            "access cleared",
            [operation("clear_access", "d", sid=somebody, type=kind) for kind in ("allow", "allow", "deny", "deny")],
            [True, False, True, False],
            {"d\\a.txt": "x"},
            left={"d": None, "d\\a.txt": "x"},
            rights={
                "d": f"D:AI(D;OICI;0x100116;;;{somebody})(D;CI;0x2;;;{somebody})(D;;0x40000;;;{others})"
                f"(A;OICI;0x120089;;;{somebody})(A;CI;0x100116;;;{somebody})(A;OICIIO;GA;;;{somebody})(A;;FR;;;{others})"
            },
        ),
        Case(
            "access of nobody cleared",
            [operation("clear_access", "a.txt", sid="S-1-5-21-1-2-3-1002", type="allow")],
            [False],
            {"a.txt": "x"},
            left={"a.txt": "x"},
        ),
        Case(
            "access granted",
            [operation("grant", "d", sid=somebody, rights="Modify") for _ in range(2)]
            + [operation("grant", "d", sid=somebody, rights="ReadAndExecute")]
            + [operation("grant", "d", sid=others, rights="ReadAndExecute")],
            [True, False, False, True],
            {"d\\a.txt": "x"},
            left={"d": None, "d\\a.txt": "x"},
            rights={"d": f"D:AI(A;OICI;0x1200a9;;;{somebody})(A;CI;0x100116;;;{others})"},
        ),
        Case(
            "access granted on no folder",
            [operation("grant", "a.txt", sid=somebody, rights="Modify")],
            [],
            {"a.txt": "x"},
            left={"a.txt": "x"},
            fails="System.IO.DirectoryNotFoundException",
        ),
        Case(
            "access granted to no account",
            [operation("grant", sid="somebody", rights="Modify")],
            [],
            fails="System.ArgumentException",
        ),
        Case(
            "access granted without a right of Windows",
            [operation("grant", sid=somebody, rights="Everything")],
            [],
            fails="System.Management.Automation.RuntimeException",
        ),
        Case("jobs that run", [jobs(seconds=1), operation("folder", "never")], [False]),
        Case(
            "jobs that do not count",
            [jobs(**{"except": ["Services"]}), jobs(f"{SERVICES}\\drivers\\", seconds=9), operation("folder", "a")],
            [False, False, True],
            left={"a": None},
        ),
        Case("jobs without a name", [{"operation": "jobs", "path": SERVICES}], [], fails="System.ArgumentException"),
        Case(
            "pool restarted",
            [pool("Started"), pool("Stopped", seconds=9), pool("Stopped", seconds=9), pool("Started")],
            [False, True, False, True],
            lay=IIS,
        ),
        Case(
            "pool that does not come so far",
            [pool("Else", seconds=1), operation("folder", "never")],
            [True],
            lay=IIS,
        ),
        Case("no pool", [pool("Stopped", "none")], [], lay=IIS, fails="NoPool"),
        Case(
            "access cleared where nothing is",
            [operation("clear_access", "none", sid=somebody, type="allow")],
            [],
            fails="System.Management.Automation.ItemNotFoundException",
        ),
        Case(
            "access of no account cleared",
            [operation("clear_access", sid="somebody", type="allow")],
            [],
            fails="System.ArgumentException",
        ),
        Case(
            "access cleared of another kind",
            [operation("clear_access", sid=somebody, type="maybe")],
            [],
            fails="System.Management.Automation.RuntimeException",
        ),
        Case(
            "access cleared without a kind",
            [operation("clear_access", sid=somebody)],
            [],
            fails="System.ArgumentException",
        ),
        Case(
            "folder",
            [operation("folder", "a\\b"), operation("folder", "A")],
            [True, False],
            left={"a": None, "a\\b": None},
        ),
        Case(
            "folder with rights",
            [operation("folder", "a\\b", sddl="D:P(A;OICI;FA;;;BA)"), operation("folder", "a\\b", sddl="D:P")],
            [True, False],
            left={"a": None, "a\\b": None},
        ),
        Case(
            "rights of a file and a folder",
            [
                *(operation("rights", name, sddl=f"D:P(A;{flags};FA;;;BA)") for name, flags in RIGHTS),
                *(operation("rights", name, sddl=f"D:P(A;{flags};FA;;;BA)") for name, flags in RIGHTS),
                operation("rights", "d", sddl="O:BAD:(A;OICI;FR;;;WD)"),
                operation("rights", "d", sddl="O:BAD:AI(A;OICI;FR;;;WD)"),
            ],
            [True, True, False, False, True, False],
            {"d\\a.txt": "x", "b.txt": "x"},
            left={"d": None, "d\\a.txt": "x", "b.txt": "x"},
        ),
        Case(
            "rights of nothing", [operation("rights", "none", sddl="D:P")], [], fails="System.IO.FileNotFoundException"
        ),
        Case("rights without a text", [operation("rights", "none")], [], fails="System.ArgumentException"),
        Case("folder where a file is", [operation("folder", "x")], [], {"x": "x"}, fails="System.IO.IOException"),
        Case("new file", [text("a.txt", "x"), text("A.TXT", "x")], [True, False], left={"a.txt": "x"}),
        Case("new file with rights", [text("a.txt", "x", sddl="D:P(A;;FA;;;BA)")], [True], left={"a.txt": "x"}),
        Case(
            "changed file with rights",
            [text("a.txt", "new", sddl="O:BAD:P(A;;FA;;;BA)", backups=1)],
            [True],
            {"a.txt": "old"},
            left={"a.txt": "new", "a.txt.*.bak": "old"},
        ),
        Case(
            "changed file that inherits nothing",
            [operation("rights", "a.txt", sddl="D:P(A;;FA;;;BA)"), text("a.txt", "new")],
            [True, True],
            {"a.txt": "old"},
            left={"a.txt": "new"},
        ),
        Case(
            "locked file with rights",
            [text("a.txt", "new", sddl="D:P(A;;FA;;;BA)")],
            [],
            {"a.txt": "old"},
            fails="System.IO.IOException",
            lay=HOLD,
            clear=LET_GO,
        ),
        Case("empty file", [text("a.txt", ""), text("a.txt", "")], [True, False], left={"a.txt": ""}),
        Case("changed file", [text("a.txt", "new")], [True], {"a.txt": "old"}, left={"a.txt": "new"}),
        Case(
            "changed file with backup",
            [text("a.txt", "new", backups=1)],
            [True],
            {"a.txt": "old"},
            left={"a.txt": "new", "a.txt.*.bak": "old"},
        ),
        Case(
            "backups pruned",
            [text("a.txt", "new", backups=1)],
            [True],
            {"a.txt": "old", BACKUP: "older", "a.txt.mine.bak": "mine"},
            left={"a.txt": "new", "a.txt.mine.bak": "mine", "a.txt.*.bak": "old"},
        ),
        Case(
            "as expected",
            [text("a.txt", "new", expect=sha256("old")), text("b.txt", "b", expect=ABSENT)],
            [True, True],
            {"a.txt": "old"},
            left={"a.txt": "new", "b.txt": "b"},
        ),
        Case(
            "changed meanwhile",
            [text("b.txt", "b"), text("a.txt", "new", expect=OTHER)],
            [True],
            {"a.txt": "old"},
            fails="ChangedMeanwhile",
            left={"a.txt": "old", "b.txt": "b"},
        ),
        Case("there meanwhile", [text("a.txt", "new", expect=ABSENT)], [], {"a.txt": "old"}, fails="ChangedMeanwhile"),
        Case("gone meanwhile", [text("a.txt", "new", expect=OTHER)], [], fails="ChangedMeanwhile"),
        Case(
            "read-only file",
            [text("a.txt", "new")],
            [],
            {"a.txt": "old"},
            fails="System.UnauthorizedAccessException",
            lay="[IO.File]::SetAttributes(\"$f\\a.txt\", 'ReadOnly')",
            clear="[IO.File]::SetAttributes(\"$f\\a.txt\", 'Normal')",
        ),
        Case(
            "locked file",
            [text("a.txt", "new")],
            [],
            {"a.txt": "old"},
            fails="System.IO.IOException",
            lay=HOLD,
            clear=LET_GO,
        ),
        Case(
            "held file removed",
            [operation("remove", "a.txt")],
            [],
            {"a.txt": "old"},
            fails="System.IO.IOException",
            lay=HOLD,
            clear=LET_GO,
        ),
        Case("file in no folder", [text("none\\a.txt", "x")], [], fails="System.IO.DirectoryNotFoundException"),
        Case("no base64", [operation("file", "a.txt", content="?")], [], fails="System.FormatException"),
        Case("no path", [{"operation": "file", "content": ""}], [], fails="System.ArgumentException"),
        Case(
            "odd names",
            [text("\u00e4 $x 'q' [1].txt", "\ufeff\u00fc\r\n"), operation("folder", "h\u00f6her")],
            [True, True],
            left={"\u00e4 $x 'q' [1].txt": "\ufeff\u00fc\r\n", "h\u00f6her": None},
        ),
        Case("long name", [text("n" * 200 + ".txt", "x")], [True], left={"n" * 200 + ".txt": "x"}),
        Case("protect", [protect(COPY)], [True], left={"a.txt": "made"}),
        Case(
            "protect again",
            [protect(COPY, expect=sha256("old"), backups=1)],
            [True],
            {"a.txt": "old"},
            left={"a.txt": "made", "a.txt.*.bak": "old"},
        ),
        Case("protect meanwhile", [protect(COPY, expect=OTHER)], [], {"a.txt": "old"}, fails="ChangedMeanwhile"),
        Case("protect without program", [protect(COPY, program="C:\\none.exe")], [], fails="NoProgram"),
        Case("protect with exit code", [protect(["/c", "exit", "3"])], [], {"a.txt": "old"}, fails="ToolFailed"),
        Case("protect without output", [protect(["/c", "echo", "x" * 600])], [], fails="ToolFailed"),
        Case(
            "protect without end",
            [protect(["/c", "for /L %i in (1,0,2) do rem"], timeout=2)],
            [],
            fails="ToolFailed",
        ),
        Case("compose", [compose("kx+/=@B")], [True], left={"a.txt": "a kx+/=@B b kx+/=@B x"}),
        Case(
            "compose again",
            [compose("k", "\ufeff(one)\u00e9", expect=sha256("old"), backups=1)],
            [True],
            {"a.txt": "old"},
            left={"a.txt": "\ufeffk\u00e9", "a.txt.*.bak": "old"},
        ),
        Case("compose meanwhile", [compose("k", expect=OTHER)], [], {"a.txt": "old"}, fails="ChangedMeanwhile"),
        Case("compose without program", [compose("k", program="C:\\none.exe")], [], fails="NoProgram"),
        Case("compose of two words", [compose("k x")], [], {"a.txt": "old"}, fails="ToolFailed"),
        Case(
            "copy",
            [operation("copy", "a.txt", to=f"{FOLDER}\\b.txt"), operation("copy", "a.txt", to=f"{FOLDER}\\b.txt")],
            [True, False],
            {"a.txt": "a"},
            left={"a.txt": "a", "b.txt": "a"},
        ),
        Case(
            "copy over",
            [operation("copy", "a.txt", to=f"{FOLDER}\\b.txt")],
            [True],
            {"a.txt": "a", "b.txt": "b"},
            left={"a.txt": "a", "b.txt": "a"},
        ),
        Case(
            "copy as backup",
            [
                operation("copy", "a.txt", to=f"{FOLDER}\\old", backups=2),
                operation("copy", "a.txt", to=f"{FOLDER}\\old", backups=2),
            ],
            [True, False],
            {"a.txt": "a"},
            left={"a.txt": "a", "old": None, "old\\a.txt.*.bak": "a"},
        ),
        Case(
            "copies pruned",
            [operation("copy", "a.txt", to=f"{FOLDER}\\old", backups=1)],
            [True],
            {"a.txt": "a", f"old\\{BACKUP}": "z"},
            left={"a.txt": "a", "old": None, "old\\a.txt.*.bak": "a"},
        ),
        Case(
            "copy of nothing",
            [operation("copy", "a.txt", to=f"{FOLDER}\\b.txt")],
            [],
            fails="System.IO.FileNotFoundException",
        ),
        Case(
            "remove",
            [operation("remove", "a.txt"), operation("remove", "a.txt"), operation("remove", "empty")],
            [True, False, True],
            {"a.txt": "a", "empty": None},
            left={},
        ),
        Case(
            "remove a full folder", [operation("remove", "full")], [], {"full\\x": "x"}, fails="System.IO.IOException"
        ),
        Case("remove all", [operation("remove", "full", recurse=True)], [True], {"full\\x\\y": "x"}, left={}),
        Case(
            "sweep",
            [operation("sweep", older_than=0), operation("sweep", older_than=0)],
            [True, False],
            dict(LEFT),
            left={"mine.tmp": "x", "im-.tmp": "x"},
        ),
        Case("sweep spares the young", [operation("sweep")], [False], dict(LEFT)),
        Case("sweep no folder", [operation("sweep", "none")], [False]),
        Case("extract", [extract(), extract()], [True, False], {"r.zip": GOOD}, left=UNPACKED | {"r.zip": "*"}),
        Case(
            "extract into an empty folder",
            [extract(delete_archive=True)],
            [True],
            {"r.zip": GOOD, "Runtime": None},
            left=UNPACKED,
        ),
        Case(
            "extract into a folder that inherits nothing",
            [operation("rights", "Runtime", sddl="D:P(A;OICI;FA;;;BA)"), extract(delete_archive=True)],
            [True, True],
            {"r.zip": GOOD, "Runtime": None},
            left=UNPACKED,
        ),
        Case(
            "overlay",
            [extract(overlay="Agent\\web")],
            [True],
            {"r.zip": GOOD},
            left=UNPACKED | {"r.zip": "*", "Runtime\\config": "agent's"},
        ),
        Case(
            "extract with a manifest",
            [extract(overlay="Agent\\web", manifest=".files"), extract(overlay="Agent\\web", manifest=".files")],
            [True, False],
            {"r.zip": GOOD},
            left=UNPACKED
            | {
                "r.zip": "*",
                "Runtime\\config": "agent's",
                "Runtime\\.files": listed(
                    ("Agent\\web\\config", "agent's"),
                    ("config", "agent's"),
                    ("deep\\er\\x\\json", "{}"),
                    ("web\\config", "new"),
                ),
            },
        ),
        Case("no overlay", [extract(overlay="None")], [], {"r.zip": GOOD}, fails="NoOverlay"),
        Case("wrong checksum", [extract(sha256=OTHER)], [], {"r.zip": GOOD}, fails="BadChecksum"),
        Case("no archive", [extract()], [], fails="System.IO.FileNotFoundException"),
        Case(
            "no zip", [extract(b"no zip" * 99)], [], {"r.zip": b"no zip" * 99}, fails="System.IO.InvalidDataException"
        ),
        *(
            Case(f"unsafe entry {name}", [extract(data)], [], {"r.zip": data}, fails="UnsafeArchive")
            for name, data in UNSAFE.items()
        ),
        Case("other version", [extract()], [], {"r.zip": GOOD, "Runtime\\.version": "6.2.0"}, fails="OtherVersion"),
        Case("unknown files", [extract()], [], {"r.zip": GOOD, "Runtime\\x": "x"}, fails="OtherVersion"),
        Case("compare", [compare(), compare()], [True, False], BY_HAND, left=HELD | {"Runtime\\.version": "6.2.1"}),
        Case(
            "compare and delete the archive",
            [compare(delete_archive=True)],
            [True],
            BY_HAND,
            left={name: text for name, text in HELD.items() if name != "r.zip"} | {"Runtime\\.version": "6.2.1"},
        ),
        *(
            Case(f"compare with {what}", [compare()], [], BY_HAND | files, fails="OtherVersion")
            for what, files in {
                "another program": {"Runtime\\App-X.exe": "v2"},
                "a program more": {"Runtime\\App-Y.dll": "v1"},
                "another marker": {"Runtime\\.version": "6.2.0"},
            }.items()
        ),
        Case(
            "compare with a manifest",
            [compare(manifest=".files"), compare(manifest=".files")],
            [True, False],
            BY_HAND,
            left=HELD | {"Runtime\\.version": "6.2.1", "Runtime\\.files": "*"},
        ),
        Case(
            "a manifest for a folder that has its marker, whatever its programs are",
            [compare(), compare(manifest=".files"), compare(manifest=".files")],
            [False, True, False],
            BY_HAND | {"Runtime\\.version": "6.2.1", "Runtime\\App-X.exe": "v2"},
            left=HELD | {"Runtime\\.version": "6.2.1", "Runtime\\App-X.exe": "v2", "Runtime\\.files": "*"},
        ),
        Case(
            "no manifest for another version",
            [compare(manifest=".files")],
            [],
            BY_HAND | {"Runtime\\.version": "6.2.0"},
            fails="OtherVersion",
        ),
        Case(
            "compare without a program",
            [compare()],
            [],
            {name: text for name, text in BY_HAND.items() if name != "Runtime\\app-agent.dll"},
            fails="OtherVersion",
        ),
        Case(
            "swap",
            [swap(carry=CARRY), swap(carry=CARRY)],
            [True, False],
            TAKES | NEWER,
            left=TAKEN_OVER | {"R\\a.txt": "mine", "R\\d": None, "R\\d\\own.dll": "own"},
        ),
        Case(
            "swap of what was killed while it was made",
            [swap(carry=CARRY)],
            [True],
            TAKES | NEWER | UNFINISHED | {"N\\d\\own.dll": "own"},
            left=TAKEN_OVER
            | {"R\\a.txt": "mine", "R\\d": None, "R\\d\\own.dll": "own"}
            | {"R\\mine.im-x.tmp": "x", "R\\mine.im-x.new": None},
        ),
        Case(
            "swap with rights of its own",
            [
                operation("rights", "R", sddl="O:BAD:(A;OICI;FR;;;WD)"),
                operation("rights", "R\\a.txt", sddl="D:P(A;;FA;;;BA)"),
                operation("rights", "R\\b.txt", sddl="D:(A;;FR;;;WD)"),
                swap(carry=["a.txt"]),
            ],
            [True, True, True, True],
            TAKES | NEWER,
            left=TAKEN_OVER | {"R\\a.txt": "mine"},
        ),
        Case(
            "swap that was killed between its renames",
            [swap(carry=CARRY)],
            [True],
            {"F\\.version": "1", **NEWER},
            left={"F": None, "F\\.version": "1", "R": None, "R\\.version": "2", "R\\a.txt": "theirs", "R\\b.txt": "2"},
        ),
        Case(
            "swap back",
            [swap(new=f"{FOLDER}\\F", former=f"{FOLDER}\\N", version="1")],
            [True],
            {name.replace("R\\", "F\\"): text for name, text in TAKES.items()} | {"R\\.version": "2"},
            left={name: t.cast("str", text) for name, text in TAKES.items()}
            | {"R": None, "R\\d": None, "N": None, "N\\.version": "2"},
        ),
        Case("swap with another version", [swap(version="3")], [], TAKES | NEWER, fails="OtherVersion"),
        Case("swap with nothing", [swap()], [], dict(TAKES), fails="OtherVersion"),
        Case("swap with a former one", [swap()], [], TAKES | NEWER | {"F\\x": "x"}, fails="InTheWay"),
        Case("swap of nothing", [swap()], [], dict(NEWER), fails="InTheWay"),
        Case(
            "swap without a file to carry",
            [swap(carry=["none.txt"])],
            [],
            TAKES | NEWER,
            fails="System.IO.FileNotFoundException",
        ),
        Case(
            "prune",
            [operation("prune", "R"), operation("prune", "R")],
            [True, False],
            dict(TAKES),
            left={},
        ),
        Case(
            "prune files",
            [operation("prune", "R", files=["a.txt", "none", "d\\own.dll"]), operation("prune", "R", files=["a.txt"])],
            [True, False],
            dict(TAKES),
            left={"R": None, "R\\.version": "1", "R\\b.txt": "1", "R\\d": None},
        ),
        Case(
            "prune no files",
            [operation("prune", "R", files=[])],
            [False],
            {"R\\a.txt": "1"},
            left={"R": None, "R\\a.txt": "1"},
        ),
        Case("compare with a wrong checksum", [compare(sha256=OTHER)], [], BY_HAND, fails="BadChecksum"),
        Case(
            "certificate",
            [gone, certificate, certificate | {"thumbprint": made.thumbprint.lower()}, gone],
            [False, True, False, True],
        ),
        Case(
            "exportable certificate",
            [certificate | {"exportable": True, "store": "CA"}, gone | {"store": "CA"}],
            [True, True],
        ),
        Case(
            "certificate alone",
            [
                {**gone, "store": "CA"},
                {**certificate, "content": b64(made.der), "keyless": True, "store": "CA"},
                {**certificate, "content": b64(made.der), "keyless": True, "store": "CA"},
                {**gone, "store": "CA"},
            ],
            [False, True, False, True],
        ),
        Case("wrong certificate", [certificate | {"thumbprint": "AB" * 20}], [], fails="WrongCertificate"),
        Case(
            "wrong password",
            [certificate | {"password": "wrong"}],
            [],
            fails="System.Security.Cryptography.CryptographicException",
        ),
        Case(
            "no such store",
            [certificate | {"store": "None of these"}],
            [],
            fails="System.Security.Cryptography.CryptographicException",
        ),
        Case("no thumbprint", [{"operation": "certificate"}], [], fails="System.ArgumentException"),
        Case(
            "unknown operation",
            [text("a.txt", "x"), {"operation": "format"}, text("b.txt", "x")],
            [True],
            fails="UnknownOperation",
            left={"a.txt": "x"},
        ),
        Case(
            "lock of another",
            [lock("1", "a", seconds=600), lock("2", "b", wait=1)],
            [False],
            {"l": "2999-01-01T00:00:00.0000000Z\n0\nz\n"},
            fails="Locked",
            left={"l": "*"},
        ),
        Case(
            "lock released",
            [
                lock("1", "a"),
                lock("1", "a", seconds=0),
                lock("2", "b", since="2000-01-01T00:00:00.0000000Z"),
                operation("remove", "none"),  # not done: it was planned before another run was there
            ],
            [False, False, False],
            left={"l": "*"},
        ),
        Case("lock of the same", [lock("1", "a"), lock("2", "a")], [False, False], {"l": "x"}, left={"l": "*"}),
        Case("no operation", [{}], [], fails="UnknownOperation"),
        Case("nothing", [], []),
    ]
