# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an operation may change, so that what is known of anything else stays true and is not asked again."""

from __future__ import annotations

import dataclasses

from . import probe
from .probe import Query


@dataclasses.dataclass(frozen=True)
class Touched:
    """What an operation may change.

    Attributes:
        files: files that it writes.
        rights: files and folders whose access lists it changes, with what inherits from them.
        kinds: the kinds of questions whose answers it may change, whatever else they name.
    """

    files: tuple[str, ...] = ()
    rights: tuple[str, ...] = ()
    kinds: frozenset[str] = frozenset()

    def may_change(self, query: Query) -> bool:
        """Tell whether the answer to a question may be another one afterwards."""
        if query["kind"] in self.kinds or any(probe.may_tell_of(query, path) for path in self.files):
            return True
        return any(probe.may_tell_of_rights(query, path) for path in self.rights)


STORES = Touched(kinds=frozenset({"certificates", "download"}))
"""A certificate or the rights on its private key. Whom the server trusts decides what it may download."""
