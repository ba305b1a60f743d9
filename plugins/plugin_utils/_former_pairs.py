# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Former key pairs and their removal: earlier ones of a made pair, which no setting and no binding names any more.

It belongs behind the proof that the agent works with the new pair.
"""

from __future__ import annotations

import typing as t

from . import _iis_config, _named_pairs, _questions, _windows_path
from ._held_pairs import Held, held
from ._named_pairs import Named
from ._plan import Operation, write
from ._questions import Ask, Query
from ._wanted_pair import MADE, Pair


def questions() -> tuple[Query, ...]:
    """Return the questions about what the server's bindings serve."""
    return (_bindings(_iis_config.TLS_ADDRESSES), _bindings(_iis_config.TLS_NAMES))


def _bindings(key: str) -> Query:
    return _questions.registry(key, depth=1)


def removed(pairs: t.Iterable[Pair], settings_path: str, ask: Ask, *, check: bool) -> list[tuple[Held, Operation]]:
    """Return the former pairs, each with the operation that removes it."""
    named = _named_pairs.by_use(settings_path, ask)
    served = _iis_config.served(*(ask(question) for question in questions()))
    bound = {binding.thumbprint for binding in served.values()}
    renewed = {text.removeprefix("renews ") for text in ask(_questions.settled()) if text.startswith("renews ")}
    found = []
    for pair in pairs:
        if pair.source != MADE or pair.same_as:
            continue
        mine = [h for h in held(pair, ask) if pair.is_earlier(h.certificate) and h.has_key]
        used = [h for h in mine if _is_used(h, named.values(), bound)]
        serves = max(used or mine, key=lambda h: h.certificate.not_after, default=None)
        for former in mine:
            newer = serves is not None and former.certificate.not_after > serves.certificate.not_after
            stays = former is serves or former in used or newer
            if not stays or (check and pair.use in renewed):
                found.append((former, _removal(former)))
    return found


def _is_used(found: Held, named: t.Iterable[Named], bound: set[str]) -> bool:
    if found.pair.path:
        return any(name.file and _windows_path.same(name.file, found.pair.path) for name in named)
    return found.certificate.thumbprint in bound or any(name.means(found.certificate) for name in named)


def _removal(former: Held) -> Operation:
    pair, thumbprint = former.pair, former.certificate.thumbprint
    if pair.path:
        return write(f"remove the former pair {thumbprint} of use {pair.use} in {pair.path}", "remove", path=pair.path)
    return write(
        f"remove the former pair {thumbprint} of use {pair.use}",
        "uncertificate",
        location=pair.location,
        store=pair.store,
        thumbprint=thumbprint,
    )
