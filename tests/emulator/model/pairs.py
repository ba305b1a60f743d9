"""``key=value`` texts, as Ansible.Basic makes a dictionary of them."""

from __future__ import annotations


def read(text: str) -> dict[str, str | None]:
    """Return the pairs of a text: separated by commas or blanks, quoted where these belong to a value.

    A field without ``=`` has no value. Where a key comes twice, the real parser fails; the last one counts here.
    """
    pairs: dict[str, str | None] = {}
    for field in _fields(text):
        key, equals, value = field.partition("=")
        pairs[key] = value if equals else None
    return pairs


def _fields(text: str) -> list[str]:
    fields, field = [], ""
    quote, escaped = "", False
    for letter in text:
        if escaped:
            field, escaped = field + letter, False
        elif letter == "\\":
            escaped = True
        elif not quote and letter in "'\"":
            quote = letter
        elif quote and letter == quote:
            quote = ""
        elif not quote and letter in ", ":
            fields.append(field)
            field = ""
        else:
            field += letter
    return [found for found in (*fields, field) if found]
