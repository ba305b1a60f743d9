# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The papers that the sheets of all agents make: a page with a chapter for each reader, XML, and certificates."""

from __future__ import annotations

import re
import typing as t

from . import elements

Sheet = t.Mapping[str, t.Any]
PAGE, XML, CERTIFICATES = "handover.md", "agents.xml", "certificates"
_SPECIAL = re.compile(r"([`*|<>\[\]&]|(?<!\w)_|_(?!\w)|\\(?=[!-/:-@\[-`{-~]|$))")
"""What Markdown would read as its own: an underscore inside a word and a backslash before a letter are none."""


def files(sheets: t.Sequence[Sheet], missing: t.Mapping[str, str]) -> dict[str, str]:
    """Return the papers by their names, which are relative to the folder.

    Args:
        sheets: of each agent (``sheet.made``).
        missing: why there is none, by the inventory's name of a server.
    """
    found = {PAGE: page(sheets, missing), XML: elements.document(line for one in sheets for line in one["xml"])}
    for one in sheets:
        for certificate in one["certificates"]:
            if certificate["pem"]:
                found[_certificate_file(one)] = certificate["pem"]
    return found


def _certificate_file(sheet: Sheet) -> str:
    """Return the name of the file with a server's certificate; no name of a server leads out of the folder."""
    return f"{CERTIFICATES}/{re.sub(r'[^A-Za-z0-9._-]', '_', str(sheet['server'])).lstrip('.')}.cer"


def page(sheets: t.Sequence[Sheet], missing: t.Mapping[str, str]) -> str:
    """Return the page."""
    chapters = [
        "# Handover of the Identity Manager agents\n",
        "Nothing here is a secret. Each chapter is for other readers.\n",
        *_integration(sheets),
        *_network(sheets),
        *_accounts(sheets),
        *_certificates(sheets),
        *_vaults(sheets),
        *_unknown(sheets, missing),
    ]
    return "\n".join(chapters)


def _integration(sheets: t.Sequence[Sheet]) -> t.Iterator[str]:
    yield "## For the integration team\n"
    yield (
        f"`{XML}` has the elements of the server's XML configuration. `{elements.BY_INTEGRATION}` stands for what only"
        " you know: the hashes of the clients' secrets (the vendor's Usercube-New-OpenIDSecret makes them), their"
        " profile, the connectors and their packages.\n"
    )
    rows = [(s["identifier"], s["server"], s["address"] or "http only", s["server_url"]) for s in sheets]
    yield _table(("agent", "server", "address for browsers", "Identity Manager server"), rows)
    yield _table(
        ("agent", "folder that connections may read"), [(s["identifier"], p) for s in sheets for p in s["sources"]]
    )


def _network(sheets: t.Sequence[Sheet]) -> t.Iterator[str]:
    yield "## For the network: connections that are opened\n"
    yield "The Identity Manager server opens none to an agent.\n"
    rows = [
        (flow["source"], flow["target"], flow["port"] or "not in the inventory", flow["purpose"])
        for sheet in sheets
        for flow in sheet["flows"]
    ]
    yield _table(("from", "to", "TCP port", "what for"), dict.fromkeys(rows))


def _accounts(sheets: t.Sequence[Sheet]) -> t.Iterator[str]:
    yield "## For the directory: accounts\n"
    rows = [
        (
            s["server"],
            s["account"]["name"],
            s["account"]["kind"],
            s["account"]["on_the_network"],
            "; ".join(s["account"]["needs"]),
        )
        for s in sheets
    ]
    yield _table(("server", "account", "is", "other machines see", "needs"), rows)


def _certificates(sheets: t.Sequence[Sheet]) -> t.Iterator[str]:
    yield "## For the public key infrastructure: certificates\n"
    rows = [
        (
            *(sheet["server"], one["use"], one["subject"], ", ".join(one["names"]), one["issuer"], one["thumbprint"]),
            *(one["until"], one["trusted_by"] + (f"; {_certificate_file(sheet)} is for them" if one["pem"] else "")),
        )
        for sheet in sheets
        for one in sheet["certificates"]
    ]
    head = ("server", "use", "subject", "names", "issued by", "thumbprint (SHA-1)", "valid until", "to be trusted by")
    yield _table(head, rows)
    yield "Each agent's server has to trust the authorities that issued the certificates of:\n"
    yield _table(("server", "host"), [(sheet["server"], host) for sheet in sheets for host in sheet["authorities"]])


def _vaults(sheets: t.Sequence[Sheet]) -> t.Iterator[str]:
    names = [
        (s["server"], s["key_vault"]["vault"], name)
        for s in sheets
        if s["key_vault"]
        for name in s["key_vault"]["secrets"]
    ]
    if names:
        yield "## For the Key Vault: names of secrets\n"
        yield _table(("server", "vault", "secret"), names)
    accounts = [
        (
            s["server"],
            s["cyberark"]["server"],
            s["cyberark"]["safe"],
            s["cyberark"]["application"],
            one["account"],
            one["key"],
        )
        for s in sheets
        if s["cyberark"]
        for one in s["cyberark"]["accounts"]
    ]
    if accounts:
        yield "## For CyberArk: accounts\n"
        yield _table(("server", "CyberArk", "safe", "application", "account", "used for"), accounts)


def _unknown(sheets: t.Sequence[Sheet], missing: t.Mapping[str, str]) -> t.Iterator[str]:
    rows = [(sheet["server"], told) for sheet in sheets for told in sheet["unknown"]]
    rows += [(server, f"everything: {reason}") for server, reason in sorted(missing.items())]
    if rows:
        yield "## Not known\n"
        yield _table(("server", "what, and why"), rows)


def _table(head: tuple[str, ...], rows: t.Iterable[tuple[t.Any, ...]]) -> str:
    """Return a table, or a word where it has no rows."""
    lines = ["| " + " | ".join(map(_cell, row)) + " |" for row in rows]
    if not lines:
        return "None.\n"
    return "\n".join((f"| {' | '.join(head)} |", "|" + " --- |" * len(head), *lines, ""))


def _cell(value: t.Any) -> str:
    """Return a value as text of one line, which is no Markdown and no HTML."""
    words = " ".join(str(value).split())
    return _SPECIAL.sub(r"\\\1", words)
