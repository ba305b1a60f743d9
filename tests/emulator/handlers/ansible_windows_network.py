"""ansible.windows.win_get_url."""

from __future__ import annotations

import datetime
import email.utils
import hashlib
import ntpath
import re
import typing as t

from ..model.call import Call, ModuleFailure, handles
from ..windows.errors import WindowsError
from ..windows.network import web
from ..windows.network.uri import Uri
from . import web_request

_NOT_THERE = (
    " does not exist{for_what}, or is not visible to the current user. Ensure download destination folder exists"
    " (perhaps using win_file state=directory) before win_get_url runs."
)


@handles("ansible.windows.win_get_url")
def win_get_url(call: Call) -> dict[str, t.Any]:
    """Download a file; it is downloaded in check mode too, and on each run unless ``force`` is off."""
    return _Download(call).run()


class _Download:
    """One call of the module."""

    def __init__(self, call: Call) -> None:
        self._call, self._files, self._arguments = call, call.machine.files, call.arguments
        self._url = call.arguments["url"]
        self._warnings: list[str] = []
        self._result: dict[str, t.Any] = {"changed": False, "elapsed": 0, "url": self._url}
        self._algorithm = call.arguments["checksum_algorithm"]
        self._dest = call.arguments["dest"]

    def run(self) -> dict[str, t.Any]:
        """Do it and return the result."""
        self._dest = self._result["dest"] = self._destination()
        checksum = (self._arguments["checksum"] or "").strip().lower()
        force = self._arguments["force"]
        if self._arguments["checksum_url"]:
            checksum = self._sum_elsewhere(self._arguments["checksum_url"].strip())
        present = self._files.exists(self._dest)
        before = self._checksum() if present else None
        if before is not None and checksum and before != checksum.lower():
            force = True
        if before is not None and before == checksum.lower() and not force:
            return web_request.shown(self._warnings, self._result | self._file(before))
        if force or not present or self._newer():
            self._fetch(checksum, before)
        if "checksum_dest" not in self._result and self._files.exists(self._dest):
            self._result |= self._file(self._checksum())
        return web_request.shown(self._warnings, self._result)

    def _destination(self) -> str:
        dest = self._dest
        if self._files.is_folder(dest):
            uri = Uri.parse(self._url)
            if uri is None:
                raise WindowsError(
                    "System.Management.Automation.ParameterBindingException",
                    "Cannot bind argument to parameter 'Path' because it is null.",
                )
            return ntpath.join(dest, ntpath.basename(uri.local_path.rstrip("/\\")) or uri.host)
        if ntpath.basename(dest) == "":
            raise self._failure(f"The destination path '{dest}'" + _NOT_THERE.format(for_what=""))
        return t.cast("str", dest)

    def _sum_elsewhere(self, url: str) -> str:
        uri = Uri.parse(url)
        if uri is None or uri.scheme not in {"file", "ftp", "http", "https"}:
            raise self._failure(f"Unsupported 'checksum_url' value for '{self._dest}': '{url}'")
        response = self._sent(url, f"Error when getting the remote checksum from '{uri}'. ")
        source = Uri.parse(self._url)
        name = re.escape(ntpath.basename(source.local_path.rstrip("/"))) if source else ""
        for line in re.split(r"\r?\n", response.answer.body.decode("utf-8", "replace")):
            if re.search(rf"\s+\.?/?\\?{name}\s*$", line, re.IGNORECASE):
                return re.sub(r"\W+", "", line.split(" ", 1)[0].strip())
        self._result["elapsed"] = 0
        raise self._failure(f"Checksum record not found for file name '{name}' in file from url: '{uri}'")

    def _newer(self) -> bool:
        uri = Uri.parse(self._url)
        if uri is not None and uri.is_file:
            return self._files.entry(uri.local_path).last_write > self._files.entry(self._dest).last_write
        before = f"Error when requesting 'Last-Modified' date from '{uri or self._url}'. "
        stamp = self._sent(self._url, before, method="HEAD").header("Last-Modified")
        modified = email.utils.parsedate_to_datetime(stamp) if stamp else self._call.machine.clock.now()
        return modified.astimezone(datetime.UTC) > self._files.entry(self._dest).last_write

    def _fetch(self, checksum: str, before: str | None) -> None:
        parent = ntpath.dirname(self._dest)
        if not parent:
            raise WindowsError(
                "System.Management.Automation.ParameterBindingException",
                "Cannot bind argument to parameter 'LiteralPath' because it is an empty string.",
            )
        if not self._files.is_folder(parent):
            what = _NOT_THERE.format(for_what=f" for destination '{self._dest}'")
            raise self._failure(f"The path '{parent}'" + what)
        why = f"Error downloading '{Uri.parse(self._url) or self._url}' to '{self._dest}': "
        content = self._sent(self._url, why).answer.body
        found = self._result["checksum_src"] = hashlib.new(self._algorithm, content, usedforsecurity=False).hexdigest()
        if checksum and checksum.lower() != found:
            self._result["elapsed"] = 0
            uri = Uri.parse(self._url)
            raise self._failure(f"The checksum for {uri} did not match '{checksum}', it was '{found}'")
        if before == found:
            self._result |= self._file(found)
            return
        try:
            if not self._call.check:
                self._files.write(self._dest, content)
        except WindowsError as error:
            raise self._failure(why + error.message) from None
        self._result["changed"] = True

    def _sent(self, url: str, why: str, method: str = "") -> web.Response:
        request = web_request.made(self._call, url, self._warnings)
        if method:
            request = web.with_method(request, method)
        try:
            return web_request.sent(self._call, request, self._result)
        except web.WebFailure as failure:
            raise self._failure(why + failure.message) from None

    def _checksum(self) -> str:
        return hashlib.new(self._algorithm, self._files.read(self._dest), usedforsecurity=False).hexdigest()

    def _file(self, checksum: str) -> dict[str, t.Any]:
        return {"checksum_dest": checksum, "size": len(self._files.read(self._dest))}

    def _failure(self, message: str) -> ModuleFailure:
        return web_request.failure(message, self._warnings, self._result)
