# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The chain of a certificate as Windows has built it: what the probe tells of it, and what that means."""

from __future__ import annotations

import dataclasses
import typing as t

PAGE = "https://learn.microsoft.com/dotnet/api/system.security.cryptography.x509certificates.x509chainstatusflags"
PARTIAL, UNTRUSTED, EXPIRED, DISTRUSTED = "PartialChain", "UntrustedRoot", "NotTimeValid", "ExplicitDistrust"
_OF_TIME = frozenset({EXPIRED, "NotTimeNested"})
_WORDS = {
    PARTIAL: "its issuer is not known to the server",
    UNTRUSTED: "it is no root that the server trusts",
    EXPIRED: "its time is over or has not come",
    DISTRUSTED: "the server distrusts it",
}


@dataclasses.dataclass(frozen=True)
class Link:
    """A certificate of a chain, with the flags (X509ChainStatusFlags) that Windows gave to it."""

    thumbprint: str
    subject: str
    flags: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Chain:
    """A chain, from the certificate that was served upwards.

    Attributes:
        links: its certificates.
        whole: flags of the chain as a whole.
        sent: thumbprints of what the other side sent.
    """

    links: tuple[Link, ...]
    whole: tuple[str, ...]
    sent: frozenset[str]

    @property
    def signs_itself(self) -> bool:
        """Tell whether the certificate is its own root, and there is nothing to object to but that."""
        return len(self.links) == 1 and PARTIAL not in self.flags and not {*self.flags} - {UNTRUSTED, EXPIRED}

    @property
    def flags(self) -> tuple[str, ...]:
        """Return all flags, but those of the served certificate's own time, which is judged by itself."""
        above = [flag for link in self.links[1:] for flag in link.flags]
        own = [flag for link in self.links[:1] for flag in link.flags if flag not in _OF_TIME]
        return tuple(dict.fromkeys((*own, *above, *(flag for flag in self.whole if flag not in _OF_TIME))))

    @property
    def objections(self) -> list[str]:
        """Return what Windows objects to, each with the certificate that it concerns."""
        told = [
            f"{link.subject}: {_WORDS.get(flag, flag)}"
            for number, link in enumerate(self.links)
            for flag in link.flags
            if (number or flag not in _OF_TIME) and flag != PARTIAL
        ]
        if PARTIAL in self.flags and self.links:
            told.append(f"{self.links[-1].subject}: {_WORDS[PARTIAL]}")
        seen = {flag for link in self.links for flag in link.flags} | {PARTIAL}
        return told + [flag for flag in self.whole if flag not in seen | _OF_TIME]

    @property
    def unsent(self) -> tuple[str, ...]:
        """Return the certificates between the served one and the root that visitors were not sent."""
        return tuple(link.subject for link in self.links[1:-1] if link.thumbprint not in self.sent)

    @property
    def words(self) -> str:
        """Return the subjects from the served certificate to the root."""
        return " < ".join(link.subject for link in self.links)


def of(answer: t.Mapping[str, t.Any] | None) -> Chain | None:
    """Return the chain of an answer of the probe; None where there is none."""
    if not answer or not answer["certificates"]:
        return None
    links = [Link(one["thumbprint"], one["subject"], tuple(one["status"])) for one in answer["certificates"]]
    return Chain(tuple(links), tuple(answer["status"]), frozenset(answer["sent"]))
