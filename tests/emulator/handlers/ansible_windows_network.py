"""Modules of ansible.windows about the network: win_get_url."""

from __future__ import annotations

import hashlib
import ntpath
import typing as t

from ..model.call import Call, ModuleFailure, handles
from ..windows.errors import WindowsError


@handles("ansible.windows.win_get_url")
def win_get_url(call: Call) -> dict[str, t.Any]:
    """Download a file; it is downloaded in check mode too, and on each run unless ``force`` is off."""
    machine, arguments = call.machine, call.arguments
    url, destination = arguments["url"], arguments["dest"]
    if machine.files.is_folder(destination):
        destination = ntpath.join(destination, url.rstrip("/").rpartition("/")[2])
    elif not machine.files.is_folder(ntpath.dirname(destination)):
        raise ModuleFailure(
            f"The path '{ntpath.dirname(destination)}' does not exist for destination '{destination}', or is not"
            " visible to the current user. Ensure download destination folder exists (perhaps using win_file"
            " state=directory) before win_get_url runs.",
            dest=destination,
            url=url,
        )
    algorithm, checksum = arguments.get("checksum_algorithm") or "sha1", (arguments.get("checksum") or "").lower()
    result: dict[str, t.Any] = {"changed": False, "dest": destination, "url": url, "elapsed": 0}
    present = machine.files.is_file(destination)
    same = present and checksum in {"", hashlib.new(algorithm, machine.files.read(destination)).hexdigest()}
    if same and not arguments.get("force", True):
        return result | {"size": len(machine.files.read(destination))}
    try:
        content = machine.network.download(url)
        found = hashlib.new(algorithm, content).hexdigest()
        if checksum and found != checksum:
            raise ModuleFailure(
                f"The checksum for {url} did not match '{checksum}', it was '{found}'",
                dest=destination,
                url=url,
                checksum_src=found,
            )
        old = hashlib.new(algorithm, machine.files.read(destination)).hexdigest() if present else None
        if old != found and not call.check:
            machine.files.write(destination, content)
    except WindowsError as error:
        raise ModuleFailure(
            f"Error downloading '{url}' to '{destination}': {error.message}", dest=destination, url=url, status_code=404
        ) from None
    result |= {"changed": old != found, "checksum_dest": found, "checksum_src": found, "size": len(content)}
    return result | {"status_code": 200, "msg": "OK"}
