"""What the XML reader keeps, and what it turns away."""

from __future__ import annotations

import time
import tracemalloc

import pytest

from auditor.formats import xmlspan
from auditor.formats.xmlspan import Element, Malformed, parse
from auditor.model.source import Span


def _refused(data: bytes) -> Malformed:
    with pytest.raises(Malformed) as caught:
        parse("c.xml", data)
    return caught.value


def _only(data: str, path: str) -> Element:
    found = parse("c.xml", data.encode()).at(path)
    assert found is not None
    return found


def test_a_span_runs_from_the_start_tag_to_behind_the_end_tag() -> None:
    element = _only("<a>\n  <b>x</b>\n</a>", "b")
    assert element.span == Span("c.xml", 2, 3, 2, 11)
    assert element.head == Span("c.xml", 2, 3, 2, 5)


def test_an_empty_element_ends_behind_its_slash() -> None:
    assert _only("<a><b/><c></c></a>", "b").span == Span("c.xml", 1, 4, 1, 8)
    assert _only("<a><b/><c></c></a>", "c").span == Span("c.xml", 1, 8, 1, 15)
    assert parse("c.xml", b"<a><b/></a>").span == Span("c.xml", 1, 1, 1, 12)


def test_columns_count_characters_and_not_bytes() -> None:
    assert _only("<a>éü€ <b/></a>", "b").column == 8


def test_a_file_of_one_line_has_its_columns_in_time() -> None:
    items = "<b>é</b>" * 30_000
    root = parse("c.xml", f"<a>{items}</a>".encode())
    start = time.process_time()
    assert [child.span for child in root.children] == [Span("c.xml", 1, 4 + at, 1, 12 + at) for at in range(0, 240_000, 8)]
    assert time.process_time() - start < 5


def test_a_tag_may_span_lines_and_its_attributes_hold_any_sign() -> None:
    element = _only('<a><b\n k="x>y"\n>t</b\n></a>', "b")
    assert element.span == Span("c.xml", 1, 4, 4, 2)
    assert element.attributes == {"k": "x>y"}


def test_text_is_kept_exactly_and_character_data_sections_with_it() -> None:
    assert _only("<a><b> x\t\n<![CDATA[<&>]]> &amp; </b></a>", "b").text == " x\t\n<&> & "


def test_stretches_of_text_between_children_are_told_apart() -> None:
    assert parse("c.xml", b"<a>x<b/>y<b/>z</a>").text == "x\ny\nz"


def test_names_are_folded_as_asked() -> None:
    assert parse("c.xml", b"<A><Rule/></A>", fold=str.lower).child("rule") is not None


def test_children_are_found_by_path_and_through_repetition() -> None:
    root = parse("c.xml", b"<a><b><c>1</c><c>2</c></b><b><c>3</c></b></a>")
    assert [element.text for element in root.every("b/c")] == ["1", "2", "3"]
    assert root.at("b/c/d") is None


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("<a>é</a>", "utf-8"),
        ("<a>é</a>", "utf-8-sig"),
        ('<?xml version="1.0" encoding="utf-16"?><a>é</a>', "utf-16"),
        ('<?xml version="1.0" encoding="ISO-8859-1"?><a>é</a>', "latin-1"),
        ('<?xml version="1.0" encoding="windows-1252"?><a>é</a>', "cp1252"),
    ],
)
def test_the_encodings_of_real_files_are_read(text: str, encoding: str) -> None:
    assert parse("c.xml", text.encode(encoding)).text == "é"


def test_carriage_returns_do_not_move_lines() -> None:
    assert _only("<a>\r\n<b/>\r\n<c/></a>", "c").line == 3


@pytest.mark.parametrize(
    ("data", "message", "line"),
    [
        (b"", "empty or truncated", 1),
        (b"<a>\n<b>\n</a>", "does not close <b>, opened at line 2", 3),
        (b"<a>\n<b>x", "ends inside <b>, opened at line 2", 2),
        (b'\n<?xml version="1.0"?><a/>', "before <?xml", 2),
        (b"<a>\n&eacute;</a>", "entity", 2),
        (b"<a>\n\x0b</a>", "control character 0x0b", 2),
        (b"<a>\n\xff</a>", "not utf-8 text at line 2", 2),
        (b"<a/>junk", "junk after document element", 1),
        (b'<?xml version="1.0" encoding="ebcdic"?><a/>', "encoding ebcdic", 1),
        (b"---- BEGIN config.xml ----\nU2FsdGVk", "encrypted backup", 1),
    ],
)
def test_what_is_no_document_is_named_with_its_line(data: bytes, message: str, line: int) -> None:
    error = _refused(data)
    assert message in error.message
    assert error.span.line == line


def test_blanks_before_the_declaration_are_accepted_where_the_product_accepts_them() -> None:
    assert parse("c.xml", b'\n <?xml version="1.0"?>\n<a/>', blank_start=True).line == 3


BILLION_LAUGHS = (
    b'<!DOCTYPE a [<!ENTITY l0 "lol">'
    + b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))
    + b"]><a>&l9;</a>"
)


@pytest.mark.parametrize(
    "data",
    [
        BILLION_LAUGHS,
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        b'<!DOCTYPE a SYSTEM "http://localhost/x.dtd"><a/>',
    ],
)
def test_a_document_type_is_refused_before_anything_is_expanded(data: bytes) -> None:
    error = _refused(data)
    assert "document type" in error.message
    assert error.span.line == 1


def test_depth_is_bounded() -> None:
    assert parse("c.xml", b"<a>" * 256 + b"</a>" * 256).name == "a"
    assert "256 elements deep" in _refused(b"<a>" * 300 + b"</a>" * 300).message


def test_size_is_bounded() -> None:
    started = time.monotonic()
    assert "larger than 64 MiB" in _refused(b"<a>" + b" " * (100 * 1024 * 1024) + b"</a>").message
    assert time.monotonic() - started < 5


def test_text_is_bounded() -> None:
    assert "1 MiB of text" in _refused(b"<a>" + b"x" * 2_000_000 + b"</a>").message


def test_the_number_of_elements_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xmlspan, "MAX_ELEMENTS", 100)
    assert "more than 100 elements" in _refused(b"<a>" + b"<b/>" * 101 + b"</a>").message


def test_indentation_is_kept_once() -> None:
    data = b"<a>" + b"<b>\n\t\t<c/>\n\t</b>" * 20_000 + b"</a>"
    tracemalloc.start()
    parse("c.xml", data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40_000_000


@pytest.mark.parametrize(
    ("head", "claimed"),
    [
        (b"<pfsense>", True),
        (b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- x --><PfSense>', True),
        ('<?xml version="1.0"?><pfsense>'.encode("utf-16"), True),
        (b"<!DOCTYPE pfsense [<!ENTITY a 'x'>]>\n<pfsense>", True),
        (b"<pfsensed>", False),
        (b"<opnsense><pfsense>", False),
        (b"pfsense: yes", False),
    ],
)
def test_a_root_element_is_recognised_from_the_first_bytes(head: bytes, claimed: bool) -> None:
    assert xmlspan.claims(head, "pfsense") is claimed
