"""Runtime archives of other versions, made from the stand-in, and servers that have one of them installed."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import typing as t
import zipfile

import chain
from emulator.windows.files.program_version import with_version

URL = "https://files.contoso.com/identitymanager/other.zip"
FORMER_URL = "https://files.contoso.com/identitymanager/former.zip"
PROGRAM = "Usercube-Agent.dll"


def sha256(content: bytes) -> str:
    """Return the SHA-256 of a content."""
    return hashlib.sha256(content).hexdigest()


@dataclasses.dataclass(frozen=True)
class Archive:
    """An archive and its SHA-256."""

    content: bytes

    @property
    def checksum(self) -> str:
        return sha256(self.content)

    @property
    def staged(self) -> str:
        return f"{chain.RUNTIME}.staged-{self.checksum[:8]}"


def archive(version: str, changes: t.Mapping[str, str | bytes | None] | None = None, *, dotnet: int = 8) -> Archive:
    """Return the stand-in as a version; ``changes``: texts by name, None for a file that is gone."""
    with zipfile.ZipFile(io.BytesIO(chain.FILES.archive.read_bytes())) as standin:
        content: dict[str, t.Any] = {name: standin.read(name) for name in standin.namelist()}
    programs = {name: data for name, data in content.items() if name.endswith((".dll", ".exe"))}
    content |= {name: with_version(data + version.encode(), version) for name, data in programs.items()}
    framework = {"name": "Microsoft.AspNetCore.App", "version": f"{dotnet}.0.0"}
    content["Usercube-Agent.runtimeconfig.json"] = json.dumps({"runtimeOptions": {"frameworks": [framework]}})
    content |= changes or {}
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in content.items():
            if text is not None:
                made.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), text)
    return Archive(memory.getvalue())


FORMER, NEW = archive("6.2.1.0"), archive("6.2.2.0", {"wwwroot/new.js": "new"})


def server(found: Archive = FORMER, *, files: t.Mapping[str, str | bytes | None] | None = None, manifest: bool = True):
    """Return a server on which an archive was unpacked by the collection.

    Args:
        found: which one.
        files: what people have put into Runtime or, None, removed since.
        manifest: whether that version of the collection stored one.
    """
    made = chain.server({"features": ["Web-Server"], "packages": [{"version": "8.0.22"}], "web": {}})
    made.machine.network.web[FORMER_URL] = found.content
    task = {"path": chain.WORKING, "archive": {"source": FORMER_URL, "checksum": found.checksum}}
    done = made.run("win_im_working_directory", task)
    assert not done.get("failed"), done
    if not manifest:
        made.machine.files.remove(f"{chain.RUNTIME}\\.im-manifest")
    for name, text in (files or {}).items():
        path = f"{chain.RUNTIME}\\{name}"
        made.machine.files.make_folder(path.rpartition("\\")[0])
        made.machine.files.remove(path) if text is None else made.machine.files.write(path, text)
    return made


def stage(made, wanted: Archive = NEW, *, check: bool = False, **options):
    """Stage an archive."""
    made.machine.network.web[URL] = wanted.content
    made.new_run()
    task = {"path": chain.WORKING, "archive": {"source": URL, "checksum": wanted.checksum}}
    return made.run("win_im_agent_stage", {**task, **options}, check=check)
