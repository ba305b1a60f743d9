# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A file of encrypted settings, which the vendor's tool makes on the server and nobody reads back."""

from __future__ import annotations

import base64
import dataclasses
import json
import re
import typing as t

from .._agent import fingerprint
from .._core import probe
from .._core.plan import Diff, Operation, write
from .._core.probe import Ask, Query
from . import kept_secrets, protection
from .settings_file import File, read
from .tree import get
from .wanted import Wanted

TOOL = "Usercube-Protect-X509JsonFile.exe"
TOOL_ARGUMENTS = ("--input-json-file-path", "{input}", "--output-json-file-path", "{output}")


def leftovers(wanted: Wanted) -> Query:
    """Ask for secrets in clear that a killed encryption left: the tool's input lives in a folder of ours."""
    return probe.files(wanted.place.runtime, "input", recurse=True)


def left_behind(wanted: Wanted, ask: Ask) -> bool:
    """Tell whether there are some."""
    found = ask(leftovers(wanted)) or ()
    return any(re.search(r"\.im-[0-9a-f]{12}\.new\\input$", file["name"], re.IGNORECASE) for file in found)


@dataclasses.dataclass(frozen=True)
class Encrypted:
    """A file of encrypted settings: what it shall hold, and what is known of it.

    Attributes:
        name: the file's name.
        secrets: what it shall hold, in clear.
        present: the SHA-256 of the file that is there, or absent.
        write: whether it has to be written.
        remove: whether it is ours and has to go.
        record: the fingerprints to keep of it.
    """

    name: str
    secrets: dict[str, t.Any] = dataclasses.field(repr=False)
    present: str
    write: bool
    remove: bool
    record: dict[str, str | None]


def planned(wanted: Wanted, name: str, file: File, general: dict[str, t.Any], ask: Ask) -> Encrypted:
    """Return what has to be done with a file of encrypted settings.

    Each encryption gives another text, so the file itself shows only which keys it holds. Whether their values are the
    wanted ones, and which pair they were encrypted for, is known from the fingerprints of the last write.
    """
    secrets = file.kept.secrets[protection.ENCRYPTED]
    known = fingerprint.known(wanted.place.runtime, ask)
    text, present, document = read(wanted, name, ask)
    del text
    pair_name = f"{name} pair"
    if not secrets:
        ours = present != "absent" and pair_name in known
        return Encrypted(name, {}, present, False, ours, {name: None, pair_name: None} if ours else {})
    pair = _pair_of(general)
    record: dict[str, str | None] = {pair_name: pair}
    if wanted.fingerprint_key:
        record[name] = fingerprint.of(wanted.fingerprint_key, name, secrets)
    same_keys = present != "absent" and set(protection.leaves(document.data)) == set(protection.leaves(secrets))
    # Of a file that somebody else encrypted no fingerprint tells the pair; the one of the settings is what reads it.
    stays = same_keys and known.get(pair_name, pair) == pair and not wanted.always
    if kept_secrets.check_encrypted(wanted.file(name), secrets, stays=stays):
        return Encrypted(name, secrets, present, False, False, {})
    as_known = all(known.get(what) == value for what, value in record.items())
    return Encrypted(name, secrets, present, wanted.always or not (same_keys and as_known), False, record)


def _pair_of(general: dict[str, t.Any]) -> str:
    """Return which pair the settings encrypt for: its thumbprint, else its subject or file."""
    names = ("File", "Thumbprint", "DistinguishedName")
    return str(next((v for v in (get(general, "EncryptionCertificate", n) for n in names) if v), ""))


def protect(wanted: Wanted, file: Encrypted) -> Operation:
    """Return the run of the vendor's tool, which reads the pair from appsettings.json in its folder.

    Belief [protect-folder]: it finds that file in its current directory, as the samples run it there (page
    "Usercube-Protect-X509JsonFile").
    """
    return write(
        f"encrypt {wanted.file(file.name)}",
        "protect",
        secret=True,
        path=wanted.file(file.name),
        program=wanted.file(TOOL),
        folder=wanted.place.runtime,
        arguments=list(TOOL_ARGUMENTS),
        content=base64.b64encode(json.dumps(file.secrets, indent=2).encode()).decode(),
        expect=file.present,
        backups=wanted.backup_count,
    )


def diff(wanted: Wanted, file: Encrypted, ask: Ask) -> Diff:
    """Return the keys of an encrypted file; its values are texts that nobody can read."""
    _text, present, document = read(wanted, file.name, ask)
    before = sorted(":".join(path) for path in protection.leaves(document.data)) if present != "absent" else []
    after = sorted(":".join(path) for path in protection.leaves(file.secrets)) if file.secrets else []
    if not file.write and not file.remove:
        after = before
    word = "encrypted again" if file.write and present != "absent" else "encrypted"
    return Diff(
        wanted.file(file.name),
        "".join(f"{key}: encrypted\n" for key in before),
        "".join(f"{key}: {word}\n" for key in after),
    )
