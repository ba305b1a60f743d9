"""Modules of community.windows: win_unzip, win_xml, and the part of win_firewall_rule that opens a TCP port."""

from __future__ import annotations

import copy
import io
import ntpath
import typing as t
import xml.etree.ElementTree as ET
import zipfile

from ..model.call import Call, ModuleFailure, handles
from ..windows import firewall
from ..windows.registry import Registry


@handles("community.windows.win_unzip")
def win_unzip(call: Call) -> dict[str, t.Any]:
    """Unpack a zip, each time unless ``creates`` is there."""
    files, arguments = call.machine.files, call.arguments
    source, target, creates = arguments["src"], arguments["dest"], arguments.get("creates")
    result: dict[str, t.Any] = {"changed": False, "dest": target, "src": source, "removed": False}
    if creates and files.exists(creates):
        return result | {"skipped": True, "msg": f"The file or directory '{creates}' already exists."}
    if not files.is_file(source):
        raise ModuleFailure(f"File '{source}' does not exist.", **result)
    if ntpath.splitext(source)[1] != ".zip":
        raise ModuleFailure("PowerShellCommunityExtensions PowerShell Module (PSCX) is required for this archive type")
    try:
        archive = zipfile.ZipFile(io.BytesIO(files.read(source)))
    except zipfile.BadZipFile:
        raise ModuleFailure(
            f"Error unzipping '{source}' to '{target}'!. Method: System.IO.Compression.ZipFile"
        ) from None
    with archive:
        for entry in () if call.check else archive.infolist():
            path = ntpath.join(target, entry.filename.replace("/", "\\"))
            if entry.is_dir():
                files.make_folder(path)
            else:
                files.make_folder(ntpath.dirname(path))
                files.write(path, archive.read(entry))
    if str(arguments.get("delete_archive", False)).lower() in {"true", "yes"}:
        result["removed"] = True
        if not call.check:
            files.remove(source)
    return result | {"changed": True}


@handles("community.windows.win_xml")
def win_xml(call: Call) -> dict[str, t.Any]:
    """Set attributes or add elements; the whole file is written anew, as the module saves its document."""
    files, arguments = call.machine.files, call.arguments
    path = arguments["path"]
    if not files.is_file(path):
        raise ModuleFailure(f"Specified path {path} does not exist or is not a file.")
    try:
        parser = ET.XMLParser(target=ET.TreeBuilder(insert_comments=True))
        root = ET.fromstring(files.read(path), parser)
    except ET.ParseError as error:
        raise ModuleFailure(f"Failed to parse file at '{path}' as an XML document: {error}") from None
    result: dict[str, t.Any] = {"changed": False, "count": 0, "msg": "not changed"}
    nodes = _select(root, arguments["xpath"])
    result["count"] = len(nodes)
    if not nodes:
        words = "The supplied xpath did not match any nodes.  If this is unexpected, check your xpath is valid for the"
        return result | {"msg": f"{words} xml file at supplied path."}
    changed = _CHANGES[arguments.get("type") or "element"](nodes, arguments)
    if changed:
        if not call.check:
            if arguments.get("backup"):
                stamp = call.machine.clock.now().strftime("%Y%m%d-%H%M%S")
                result["backup_file"] = f"{path}.4000.{stamp}.bak"
                files.copy(path, result["backup_file"])
            files.write(path, ET.tostring(root, encoding="utf-8", xml_declaration=True))
        return result | {"changed": True, "msg": f"{arguments.get('type') or 'element'} changed"}
    return result


def _select(root: ET.Element, xpath: str) -> list[ET.Element]:
    """Return what ``//a/b`` names; other forms of XPath are not known here."""
    if not xpath.startswith("//"):
        raise ModuleFailure(f"the emulator's win_xml does not know the xpath {xpath}")
    steps = xpath[2:]
    found = root.findall(f".//{steps}")
    return found or ([root] if root.tag == steps else [])


def _attribute(nodes: list[ET.Element], arguments: t.Mapping[str, t.Any]) -> bool:
    name, value = arguments["attribute"], arguments["fragment"]
    differing = [node for node in nodes if node.get(name) != value]
    for node in differing:
        node.set(name, value)
    return bool(differing)


def _element(nodes: list[ET.Element], arguments: t.Mapping[str, t.Any]) -> bool:
    """Add the fragment where no child equals it, which lets a section stand twice: the module's known trap."""
    try:
        fragment = ET.fromstring(arguments["fragment"])
    except ET.ParseError as error:
        raise ModuleFailure(f"Failed to parse fragment as XML: {error}") from None
    changed = False
    for node in nodes:
        if not any(_same(child, fragment) for child in node):
            node.append(copy.deepcopy(fragment))
            changed = True
    return changed


def _same(one: ET.Element, other: ET.Element) -> bool:
    return (
        one.tag == other.tag
        and one.attrib == other.attrib
        and (one.text or "").strip() == (other.text or "").strip()
        and len(one) == len(other)
        and all(_same(a, b) for a, b in zip(one, other, strict=True))
    )


def _text(nodes: list[ET.Element], arguments: t.Mapping[str, t.Any]) -> bool:
    differing = [node for node in nodes if node.text != arguments["fragment"]]
    for node in differing:
        node.text = arguments["fragment"]
    return bool(differing)


_CHANGES = {"attribute": _attribute, "element": _element, "text": _text}


@handles("community.windows.win_firewall_rule")
def win_firewall_rule(call: Call) -> dict[str, t.Any]:
    """Make an incoming rule for a TCP port, by its name."""
    registry, arguments = call.machine.registry, call.arguments
    name = arguments["name"]
    if (
        arguments.get("state") == "absent"
        or arguments.get("direction") != "in"
        or arguments.get("action") != "allow"
        or arguments.get("protocol") != "tcp"
    ):
        raise ModuleFailure("the emulator makes rules with direction in, action allow and protocol tcp only")
    fields = {
        "LPort": arguments["localport"],
        "Name": name,
        "Active": str(arguments.get("enabled") is not False).upper(),
    }
    if arguments.get("program"):
        fields["App"] = arguments["program"]
    for profile in arguments.get("profiles") or ():
        fields["Profile"] = profile.capitalize()  # one profile: enough for the documented examples
    key = f"{{{name}}}"
    wanted = Registry()
    firewall.add_rule(wanted, key, **fields)
    changed = registry.get(firewall.RULES, key) != wanted.get(firewall.RULES, key)
    if changed and not call.check:
        firewall.add_rule(registry, key, **fields)
    return {"changed": changed, "msg": ""}
