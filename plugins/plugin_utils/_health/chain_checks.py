# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The check of the chain behind the certificate that the agent's port serves, as Windows on the server builds it."""

from __future__ import annotations

import typing as t

from .._windows import chain as chains
from .check import Basis, Check, State

_WANTED = "each certificate up to a root that the server trusts, all of them but the root sent to visitors"
_REMEDY = {
    chains.PARTIAL: (
        "Visitors cannot trust the certificate, as an issuer's certificate is missing on the server.",
        "Import it into LocalMachine\\CA (a root: LocalMachine\\Root), or give the PFX with its chain in"
        " im_agent_certificates.",
    ),
    chains.UNTRUSTED: (
        "The root of the chain is not in LocalMachine\\Root, so neither this server nor those set up like it trust the"
        " certificate.",
        "Import the root into LocalMachine\\Root, or give a certificate of an authority that is there"
        " (im_agent_certificates with use: server).",
    ),
    chains.EXPIRED: (
        "A certificate of an authority has expired, or is not valid yet.",
        "Ask the authority for its present certificate, import it into LocalMachine\\CA or Root, and remove the old"
        " one.",
    ),
    chains.DISTRUSTED: (
        "A certificate of the chain is in the store Disallowed.",
        "Give a certificate of another authority (im_agent_certificates with use: server).",
    ),
}
_OTHER = (
    "Windows objects to a certificate of the chain.",
    "Look it up in the X509ChainStatusFlags, and give a certificate without it (im_agent_certificates).",
)


def served(name: str, answer: t.Mapping[str, t.Any] | None) -> Check:
    """Return whether the chain is complete and trusted, and was sent; a certificate that signs itself has none."""
    chain = chains.of(answer)
    if chain is None:
        return Check("certificate_chain", name, State.UNKNOWN, "no chain", _WANTED, reason="Windows built none")
    if chain.signs_itself:
        found = "a certificate that signs itself, which visitors have to trust by itself"
        return Check("certificate_chain", name, State.PASSED, found, _WANTED, page=chains.PAGE)
    wrong = chain.objections
    if wrong:
        cause, remedy = next((_REMEDY[flag] for flag in _REMEDY if flag in chain.flags), _OTHER)
        return Check(
            "certificate_chain", name, State.FAILED, "; ".join(wrong), _WANTED, remedy, (cause,), page=chains.PAGE
        )
    if chain.unsent:
        # Belief [sent-certificates]: what the other side sent is in the ExtraStore of the chain that SslStream hands
        # over, VerifyRemoteCertificate of SecureChannel in .NET Framework's reference source.
        return Check(
            "certificate_chain",
            name,
            State.FAILED,
            f"complete on the server, but not sent: {'; '.join(chain.unsent)}",
            _WANTED,
            "Restart the agent's site or service, which then looks for the chain anew; visitors who lack that"
            " certificate cannot trust the agent meanwhile.",
            ("The issuer's certificate was imported after the port had begun to serve.",),
            Basis.BELIEF,
        )
    return Check("certificate_chain", name, State.PASSED, chain.words, _WANTED, page=chains.PAGE)
