"""Configuration files in XML: what is refused, with its place, and what is read and written."""

from __future__ import annotations

import itertools
import re

import pytest
import xml_cases
from ansible_collections.imops.identity_manager.plugins.plugin_utils._xml_text import BadXml, Document, is_text
from xml_cases import ASCII, READ

BAD = {**xml_cases.BAD, **xml_cases.ONLY_OURS}


def flat(element, depth=0):
    """Return an element and what is in it as rows."""
    rows = [[str(depth), element.name, *itertools.chain.from_iterable(element.attributes.items())]]
    for child in element.children:
        rows += flat(child, depth + 1)
    return rows


@pytest.mark.parametrize("content", BAD, ids=range(len(BAD)))
def test_what_is_no_xml_to_dotnet_is_refused_with_its_place_and_what_was_expected(content):
    line, column, reason = BAD[content]
    with pytest.raises(BadXml, match=re.escape(reason)) as refused:
        Document(content)
    assert (refused.value.line, refused.value.column) == (line, column)


def test_utf_16_is_refused_by_its_name():
    with pytest.raises(BadXml, match="found UTF-16"):
        Document("<c/>".encode("utf-16"))


@pytest.mark.parametrize("content", READ, ids=range(len(READ)))
def test_every_attribute_is_read_as_dotnet_reads_it(content):
    document = Document(content)
    assert flat(document.root) == READ[content]
    assert document.content() == content


@pytest.mark.parametrize("value", ["a\tb\r\nc\n", " x ", "&#10;", "\"'<>&", "\u0085\u2028\ufffd\U0001f600"])
def test_a_value_that_is_set_is_read_back_and_set_again_changes_nothing(value):
    document = Document(b"<c a='1'/>")
    document.set(document.root, "a", value)
    again = Document(document.content())
    assert again.root.attributes == {"a": value}
    again.set(again.root, "a", value)
    assert again.content() == document.content()


@pytest.mark.parametrize("value", ["\x00", "a\x1b", "\ufffe", "\ud800"])
def test_a_value_that_xml_cannot_hold_is_known(value):
    assert is_text("a\tb\r\n\x7f\u0085\U0001f600")
    assert not is_text(value)
    with pytest.raises(BadXml):
        Document(f"<c a='{value}'/>".encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize("declaration", ["", ASCII, ASCII.replace("us-ascii", "Windows-1252")])
def test_new_text_fits_the_encoding_that_the_file_declares(declaration):
    content = f'{declaration}<c a="1">\n  <b/>\n</c>\n'.encode()
    document = Document(content)
    document.set(document.root, "a", "\u00e9<\u20ac")
    document.add(document.root, ['<d e="\u00fc" />'])
    document.replace(document.root.children[0], ['<f g="\u00e4" />'])
    after = document.content()
    assert after.isascii() is bool(declaration)
    assert flat(Document(after).root) == [
        ["0", "c", "a", "\u00e9<\u20ac"],
        ["1", "f", "g", "\u00e4"],
        ["1", "d", "e", "\u00fc"],
    ]
