"""XML elements that keep their place in the file. Whatever is returned came from a plain, bounded document: no DTD, no entity of its own.

Both firewalls' configuration files are read through here. Their products read the same XML differently (case of names, trimming of
text, repeated elements), so this module keeps what was written and leaves the reading of it to the dialect.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple, NoReturn
from xml.parsers import expat

from auditor.model.source import Span

MAX_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 256
MAX_TEXT = 1024 * 1024
MAX_ELEMENTS = 1_000_000

ENCRYPTED = b"---- BEGIN "
_DECLARATION = re.compile(rb"\s*<\?xml[^>]*?\?>")
_ENCODING = re.compile(rb"""encoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]*)["']""")
_ENCODINGS = {"utf-8": "utf-8", "utf8": "utf-8", "us-ascii": "ascii", "ascii": "ascii"} | {
    "iso-8859-1": "latin-1",
    "latin-1": "latin-1",
    "latin1": "latin-1",
    "windows-1252": "cp1252",
    "cp1252": "cp1252",
}
_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


class Malformed(Exception):
    """A document that is not read; the message is fit for a user, `span` is where it goes wrong."""

    def __init__(self, message: str, span: Span) -> None:
        super().__init__(message)
        self.message = message
        self.span = span


class Element(NamedTuple):
    """One element as written. A tuple, because a file has hundreds of thousands and frozen dataclasses cost three times as much.

    `text` is the element's own character data, exactly; the stretches between children are joined by line breaks.
    """

    name: str
    attributes: dict[str, str]
    text: str
    children: tuple[Element, ...]
    path: str
    line: int
    column: int
    end_line: int
    end_column: int

    @property
    def span(self) -> Span:
        """From the start tag's `<` to behind the end tag's `>`."""
        return Span(self.path, self.line, self.column, self.end_line, self.end_column)

    @property
    def head(self) -> Span:
        """The `<name` of the start tag: where something that the element lacks is missing."""
        return Span(self.path, self.line, self.column, self.line, self.column + 1 + len(self.name))

    def child(self, name: str) -> Element | None:
        """The first child called `name`."""
        for element in self.children:
            if element.name == name:
                return element
        return None

    def all(self, name: str) -> Iterator[Element]:
        """Every child called `name`, in file order."""
        return (element for element in self.children if element.name == name)

    def at(self, path: str) -> Element | None:
        """The first element reached by the child names of `path`, e.g. "system/webgui/port"."""
        here: Element | None = self
        for name in path.split("/"):
            here = here.child(name) if here is not None else None
        return here

    def every(self, path: str) -> Iterator[Element]:
        """All elements reached by the child names of `path`, through every repetition, e.g. "nat/outbound/rule"."""
        first, _, rest = path.partition("/")
        for element in self.all(first):
            if rest:
                yield from element.every(rest)
            else:
                yield element


def parse(path: str, data: bytes, *, fold: Callable[[str], str] = str, blank_start: bool = False) -> Element:
    """The root element of `data`. `fold` is applied to every element name; `blank_start` allows blanks before the declaration.

    Raises `Malformed` for what is no XML, has a DTD, or exceeds the limits on size, depth, elements and text.
    """
    if len(data) > MAX_BYTES:
        raise Malformed(f"is larger than {MAX_BYTES // 1024 // 1024} MiB: too large for a configuration file", Span.of_file(path))
    if data.lstrip().startswith(ENCRYPTED):
        raise Malformed("is an encrypted backup: decrypt it, or save it without a password, and check that", Span.of_file(path))
    return _Reader(path, _utf8(path, data), fold).read(blank_start)


def claims(head: bytes, root: str) -> bool:
    """Whether a file that begins with `head` has the root element `root`, in any case; cheap, for detection."""
    for mark, encoding in _MARKS[1:]:
        if head.startswith(mark):
            head = head[: len(head) & ~1].decode(encoding, errors="replace").encode()
    return (
        re.match(
            rb"(?i)(?:\xef\xbb\xbf)?\s*(?:<\?.*?\?>\s*|<!--.*?-->\s*|<!DOCTYPE[^>\[]*(?:\[.*?\])?\s*>?\s*)*<%b[\s/>]"
            % re.escape(root.encode()),
            head,
            re.DOTALL,
        )
        is not None
    )


def _utf8(path: str, data: bytes) -> bytes:
    """`data` as UTF-8 without a byte-order mark, from the encoding that the mark or the declaration names."""
    marked = [(mark, encoding) for mark, encoding in _MARKS if data.startswith(mark)]
    if marked:
        mark, encoding = marked[0]
        data = data[len(mark) :]
    else:
        declaration = _DECLARATION.match(data)
        declared = _ENCODING.search(declaration.group()) if declaration else None
        name = declared.group(1).decode().lower() if declared else "utf-8"
        if name not in _ENCODINGS:
            raise Malformed(f"is in the encoding {name}, which is not read: save it as UTF-8", Span.of_file(path))
        encoding = _ENCODINGS[name]
    try:
        return data if encoding == "utf-8" and data.decode() is not None else data.decode(encoding).encode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Malformed(f"is not {encoding} text at line {line}", Span(path, line, 1, line, 2)) from None


class _Open:
    """An element whose end tag has not come yet."""

    __slots__ = ("attributes", "children", "column", "line", "name", "pieces", "runs", "size")

    def __init__(self, name: str, attributes: dict[str, str], line: int, column: int) -> None:
        self.name, self.attributes, self.line, self.column = name, attributes, line, column
        self.children: list[Element] = []
        self.pieces: list[str] = []
        self.runs: list[str] = []
        self.size = 0


class _Reader:
    """expat's events turned into elements; the positions it counts in bytes become characters."""

    def __init__(self, path: str, data: bytes, fold: Callable[[str], str]) -> None:
        self.path, self.data, self.fold = path, data, fold
        self.ascii = data.isascii()
        self.open: list[_Open] = []
        self.root: Element | None = None
        self.elements = 0
        self.names: dict[str, str] = {}
        self.blanks: dict[str, str] = {}
        self.parser = expat.ParserCreate("UTF-8")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.EntityDeclHandler = self._doctype

    def read(self, blank_start: bool) -> Element:
        data = self.data
        declaration = _DECLARATION.match(data)
        if blank_start and declaration:  # blanked out, not cut off, so that every position stays
            data = re.sub(rb"[^\r\n]", b" ", declaration.group()) + data[declaration.end() :]
        try:
            self.parser.Parse(data, True)
        except expat.ExpatError as error:
            self._explain(error)
        assert self.root is not None, "expat accepts no document without a root"
        return self.root

    def _column(self, offset: int, column: int) -> int:
        """The 1-based column in characters of a byte `offset` that stands `column` bytes into its line."""
        return column + 1 if self.ascii else len(self.data[offset - column : offset].decode(errors="replace")) + 1

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        parser = self.parser
        line, column = parser.CurrentLineNumber, parser.CurrentColumnNumber
        if not self.ascii:
            column = self._column(parser.CurrentByteIndex, column) - 1
        self.elements += 1
        if len(self.open) >= MAX_DEPTH:
            self._refuse(f"is nested more than {MAX_DEPTH} elements deep")
        if self.elements > MAX_ELEMENTS:
            self._refuse(f"has more than {MAX_ELEMENTS:,} elements")
        if self.open and self.open[-1].pieces:
            self._run(self.open[-1])
        folded = self.names.get(name) or self.names.setdefault(name, self.fold(name))
        self.open.append(_Open(folded, attributes, line, column + 1))

    def _end(self, _: str) -> None:
        parser = self.parser
        here = self.open.pop()
        line, column, offset = parser.CurrentLineNumber, parser.CurrentColumnNumber, parser.CurrentByteIndex
        if here.pieces:
            self._run(here)
        empty = not here.runs and not here.children and self.data[offset - 2 : offset] == b"/>"
        if not empty:  # expat stands before the end tag, or, for <a/>, already behind it
            close = self.data.find(b">", offset) + 1
            tag = self.data[offset:close]
            breaks = tag.count(b"\n")
            line, column = (line + breaks, len(tag) - tag.rfind(b"\n") - 1) if breaks else (line, column + len(tag))
            offset = close
        end_column = self._column(offset, column)
        element = Element(
            here.name, here.attributes, "\n".join(here.runs), tuple(here.children), self.path, here.line, here.column, line, end_column
        )
        if self.open:
            self.open[-1].children.append(element)
        else:
            self.root = element

    def _run(self, here: _Open) -> None:
        """Ends a stretch of character data; the indentation between elements is kept once, however often it occurs."""
        text = "".join(here.pieces)
        here.runs.append(self.blanks.setdefault(text, text) if text.isspace() else text)
        here.pieces.clear()

    def _characters(self, text: str) -> None:
        here = self.open[-1]
        here.size += len(text)
        if here.size > MAX_TEXT:
            self._refuse(f"has more than {MAX_TEXT // 1024 // 1024} MiB of text in one element")
        here.pieces.append(text)

    def _doctype(self, *_: object) -> None:
        self._refuse("declares a document type or entities: a firewall's configuration has none, and they are not followed")

    def _refuse(self, message: str) -> NoReturn:
        raise Malformed(message, self._here(self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber, self.parser.CurrentByteIndex))

    def _here(self, line: int, column: int, offset: int) -> Span:
        start = self._column(offset, column)
        return Span(self.path, line, start, line, start + 1)

    def _explain(self, error: expat.ExpatError) -> NoReturn:
        """The codes of expat in a user's words; a mismatch and a truncation name the element that is still open."""
        span = self._here(error.lineno, error.offset, self.parser.ErrorByteIndex)
        raise Malformed(self._reason(error), span) from None

    def _reason(self, error: expat.ExpatError) -> str:
        here = self.open[-1] if self.open else None
        open_tag = f"<{here.name}>, opened at line {here.line}" if here else ""
        code = expat.errors.messages[error.code]
        byte = self.data[self.parser.ErrorByteIndex : self.parser.ErrorByteIndex + 1]
        if code == expat.errors.XML_ERROR_TAG_MISMATCH:
            return f"is not well-formed: the end tag at line {error.lineno} does not close {open_tag}"
        if code in _TRUNCATED:
            return f"ends inside {open_tag}: it is truncated" if here else "has no root element: it is empty or truncated"
        if code == expat.errors.XML_ERROR_MISPLACED_XML_PI:
            return "has blanks or text before <?xml: remove them"
        if code == expat.errors.XML_ERROR_UNDEFINED_ENTITY:
            return f"uses an entity at line {error.lineno} that XML does not define, as HTML's &eacute; is: write the character itself"
        if code == expat.errors.XML_ERROR_INVALID_TOKEN and byte and byte < b" ":
            return f"has the control character 0x{byte[0]:02x} at line {error.lineno}, which XML does not allow"
        return f"is not well-formed XML at line {error.lineno}: {code}" + (f", inside {open_tag}" if here else "")


_TRUNCATED = frozenset(
    {
        expat.errors.XML_ERROR_NO_ELEMENTS,
        expat.errors.XML_ERROR_UNCLOSED_TOKEN,
        expat.errors.XML_ERROR_PARTIAL_CHAR,
        expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
    }
)
