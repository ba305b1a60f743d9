"""Configuration files in XML: what is refused, with its place, and what is read and written."""

from __future__ import annotations

import itertools
import re

import pytest
import xml_cases
from ansible_collections.imops.identity_manager.plugins.plugin_utils._dotnet.xml_text import BadXml, Document, is_text
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


def child(document, *numbers):
    element = document.root
    for number in numbers:
        element = element.children[number]
    return element


NEW = ['<b x="1">', "  <d />", "</b>"]
ADDED = [
    ("<c/>", (), '<c>\n  <b x="1">\n    <d />\n  </b>\n</c>'),
    ("<c />\r\n", (), '<c>\r\n  <b x="1">\r\n    <d />\r\n  </b>\r\n</c>\r\n'),
    ("<c></c>", (), '<c>\n  <b x="1">\n    <d />\n  </b>\n</c>'),
    ("<c>\n\t<a/>\n</c>", (), '<c>\n\t<a/>\n\t<b x="1">\n\t\t<d />\n\t</b>\n</c>'),
    ("<c>\n\t<a />\n</c>", (0,), '<c>\n\t<a>\n\t\t<b x="1">\n\t\t\t<d />\n\t\t</b>\n\t</a>\n</c>'),
    ("<c>\n   <a>\n   </a>\n</c>", (0,), '<c>\n   <a>\n      <b x="1">\n         <d />\n      </b>\n   </a>\n</c>'),
    ("<c><a/></c>", (), '<c><a/>\n<b x="1">\n  <d />\n</b>\n</c>'),
    ("<c>\n    <a/> <!-- a -->\n</c>", (), '<c>\n    <a/> <!-- a -->\n    <b x="1">\n        <d />\n    </b>\n</c>'),
    ("<c>\n  <a/><e>\n  </e>\n</c>", (1,), '<c>\n  <a/><e>\n    <b x="1">\n      <d />\n    </b>\n  </e>\n</c>'),
]


@pytest.mark.parametrize(("text", "where", "expected"), ADDED)
def test_an_element_is_added_in_the_file_s_own_indentation(text, where, expected):
    document = Document(text.encode())
    document.add(child(document, *where), NEW)
    assert document.content().decode() == expected


REPLACED = [
    ("<c>\n\t<a>\n\t</a> <!-- a -->\n</c>", '<c>\n\t<b x="1">\n\t\t<d />\n\t</b> <!-- a -->\n</c>'),
    ("<c>\r\n  <a />\r\n</c>", '<c>\r\n  <b x="1">\r\n    <d />\r\n  </b>\r\n</c>'),
    ("<c><a><e/></a></c>", '<c><b x="1">\n  <d />\n</b></c>'),
    ("<c>\n<a></a ></c>", '<c>\n<b x="1">\n  <d />\n</b></c>'),
]


@pytest.mark.parametrize(("text", "expected"), REPLACED)
def test_an_element_takes_the_place_of_another_and_nothing_else_moves(text, expected):
    document = Document(text.encode())
    document.replace(child(document, 0), NEW)
    assert document.content().decode() == expected


REMOVED = [
    ("<c>\n  <a/>\n  <b/>\n</c>", "<c>\n  <b/>\n</c>"),
    ("<c>\r\n\t<a>\r\n\t</a>\r\n</c>", "<c>\r\n</c>"),
    ("<c><a></a><b/></c>", "<c><b/></c>"),
    ("<c>\n  <!-- a --><a/></c>", "<c>\n  <!-- a --></c>"),
]


@pytest.mark.parametrize(("text", "expected"), REMOVED)
def test_an_element_goes_with_its_line_where_nothing_else_stands_on_it(text, expected):
    document = Document(text.encode())
    document.remove(child(document, 0))
    assert document.content().decode() == expected


SET = [
    ("<c/>", '<c a="1"/>'),
    ("<c />", '<c a="1" />'),
    ("<c></c>", '<c a="1"></c>'),
    ("<c >\n</c>", '<c a="1" >\n</c>'),
    ("<c b='a=\"2\"' />", '<c b=\'a="2"\' a="1" />'),
    ("<c ba='2'\n\ta = '2' ab='2'/>", "<c ba='2'\n\ta = \"1\" ab='2'/>"),
    ("<!-- <c a='2'/> --><c a='2'/>", "<!-- <c a='2'/> --><c a=\"1\"/>"),
    ("\ufeff<c a='2'/>", '\ufeff<c a="1"/>'),
    ("<c a='1'/>", "<c a='1'/>"),
]


@pytest.mark.parametrize(("text", "expected"), SET)
def test_an_attribute_is_set_where_it_stands_or_behind_the_others(text, expected):
    document = Document(text.encode())
    document.set(document.root, "a", "1")
    assert document.content().decode() == expected


def test_changes_are_made_where_they_belong_whatever_their_order():
    document = Document(b"<c>\n  <a x='1'/>\n  <b x='1'/>\n</c>")
    document.set(child(document, 1), "x", "3")
    document.remove(child(document, 0))
    document.set(document.root, "x", "2")
    assert document.content() == b'<c x="2">\n  <b x="3"/>\n</c>'


PLACES = [("<c/>", (), (1, 1)), ("<c><a/></c>", (0,), (1, 4)), ("<c>\r\n\u00e9\u00e9 <a/></c>", (0,), (2, 4))]
PLACES += [("\ufeff<c/>", (), (1, 1)), ("<!--\n-->\n<c>\n  <a/>\n\t<b/></c>", (1,), (5, 2))]


@pytest.mark.parametrize(("text", "where", "place"), PLACES)
def test_the_place_of_an_element_is_said_as_an_editor_counts(text, where, place):
    document = Document(text.encode())
    assert document.place(child(document, *where)) == f"line {place[0]}, column {place[1]}"
