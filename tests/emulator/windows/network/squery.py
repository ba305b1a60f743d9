"""The query language of the Identity Manager server's API, by the grammar of the vendor's page "API query grammar".

Without joins `of type`, historization and comparisons of two properties, which nobody here asks with.
"""

from __future__ import annotations

import dataclasses
import operator
import re
import typing as t

Item = t.Mapping[str, t.Any]
_WORD = re.compile(r'\s*(?:"(?P<text>[^"]*)"|(?P<sign>!?%=%?|!?=%|!=|<=|>=|[=<>(),])|(?P<word>[\w.-]+))')
_COMPARED: dict[str, t.Callable[[t.Any, t.Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": lambda a, b: a is not None and a < b,
    ">": lambda a, b: a is not None and a > b,
    "<=": lambda a, b: a is not None and a <= b,
    ">=": lambda a, b: a is not None and a >= b,
    "%=": lambda a, b: str(a).startswith(b),
    "=%": lambda a, b: str(a).endswith(b),
    "%=%": lambda a, b: b in str(a),
}
_CONSTANTS = {"null": None, "true": True, "false": False}


class BadQuery(Exception):
    """The text does not fit the grammar."""


@dataclasses.dataclass
class Query:
    """What a text asks for.

    Attributes:
        joins: what each alias stands for, as the path of properties from the item.
        select: the properties that are returned, as written; none for the Ids alone.
        where: whether an item is wanted.
        order: the properties to sort by, with whether the largest comes first.
    """

    joins: dict[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    select: list[str] = dataclasses.field(default_factory=list)
    where: t.Callable[[Item], bool] = lambda item: True
    order: list[tuple[str, bool]] = dataclasses.field(default_factory=list)
    limit: int = 0

    def path(self, binding: str) -> tuple[str, ...]:
        """Return a property's path from the item."""
        alias, dot, name = binding.partition(".")
        if dot and alias not in self.joins:
            raise BadQuery(f"no join for {alias}")
        return (*self.joins[alias], name) if dot else (alias,)

    def value(self, item: Item, binding: str) -> t.Any:
        """Return a property of an item; None where there is none."""
        found: t.Any = item
        for name in self.path(binding):
            found = (found or {}).get(name)
        return found


def answer(text: str, items: t.Iterable[Item]) -> list[dict[str, t.Any]]:
    """Return what a query finds: only what it selects, without properties that are null."""
    query = _Parser(text).query()
    found = [item for item in items if query.where(item)]
    for binding, last_first in reversed(query.order):
        found.sort(key=lambda item: str(query.value(item, binding)), reverse=last_first)
    return [_selected(query, item) for item in found[: query.limit or None]]


def _selected(query: Query, item: Item) -> dict[str, t.Any]:
    made: dict[str, t.Any] = {"Id": item["Id"]}
    for binding in query.select:
        value, place = query.value(item, binding), made
        if value is None:
            continue
        for name in query.path(binding)[:-1]:
            place = place.setdefault(name, {})
        place[query.path(binding)[-1]] = value
    return made


class _Parser:
    def __init__(self, text: str) -> None:
        self._words: list[tuple[str, str]] = []
        at = 0
        while text[at:].strip():
            match = _WORD.match(text, at)
            if match is None:
                raise BadQuery(text[at:])
            at = match.end()
            self._words.append((str(match.lastgroup), match[str(match.lastgroup)]))

    def query(self) -> Query:
        query = Query()
        while self._is("join"):
            binding, alias = self._word(), self._word()
            query.joins[alias] = query.path(binding)
        if self._is("pagesize"):
            query.limit = int(self._word())
        if self._is("select"):
            query.select = [self._word()]
            while self._is(","):
                query.select.append(self._word())
        if self._is("where"):
            query.where = self._filter(query)
        if self._is("order"):
            self._need("by")
            query.order = [self._sorted()]
            while self._is(","):
                query.order.append(self._sorted())
        if self._words:
            raise BadQuery(f"what is {self._words[0][1]}?")
        for binding in (*query.select, *(name for name, _down in query.order)):
            query.path(binding)
        return query

    def _sorted(self) -> tuple[str, bool]:
        binding, direction = self._word(), self._word().lower()
        if direction not in {"asc", "desc"}:
            raise BadQuery(direction)
        return binding, direction == "desc"

    def _filter(self, query: Query) -> t.Callable[[Item], bool]:
        if not self._is("("):
            return self._comparison(query)
        parts, joined = [self._filter(query)], ""
        while not self._is(")"):
            word = self._word().lower()
            if word not in {"and", "or"} or joined not in {"", word}:
                raise BadQuery(word)
            joined = word
            parts.append(self._filter(query))
        return lambda item: (any if joined == "or" else all)(part(item) for part in parts)

    def _comparison(self, query: Query) -> t.Callable[[Item], bool]:
        binding, sign = self._word(), self._next()[1]
        query.path(binding)
        kind, word = self._next()
        if sign not in _COMPARED:
            raise BadQuery(sign)
        right: t.Any = word
        if kind == "word":
            right = _CONSTANTS[word] if word in _CONSTANTS else int(word)
        return lambda item: _COMPARED[sign](query.value(item, binding), right)

    def _next(self) -> tuple[str, str]:
        if not self._words:
            raise BadQuery("it ends too early")
        return self._words.pop(0)

    def _word(self) -> str:
        kind, word = self._next()
        if kind != "word":
            raise BadQuery(word)
        return word

    def _is(self, wanted: str) -> bool:
        if self._words and self._words[0][0] != "text" and self._words[0][1].lower() == wanted:
            self._words.pop(0)
            return True
        return False

    def _need(self, wanted: str) -> None:
        if not self._is(wanted):
            raise BadQuery(f"no {wanted}")
