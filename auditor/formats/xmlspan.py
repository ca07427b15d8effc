"""XML elements that keep their place in the file. Whatever is returned came from a plain, bounded document: no DTD, no entity of its own.

Both firewalls' configuration files are read through here. Their products read the same XML differently (case of names, trimming of
text, repeated elements), so this module keeps what was written and leaves the reading of it to the dialect.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from itertools import accumulate, count
from operator import add
from typing import NamedTuple, NoReturn
from xml.parsers import expat

from auditor.formats.near import near
from auditor.model.source import Span

MAX_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 256
MAX_TEXT = 1024 * 1024
MAX_ELEMENTS = 1_000_000

ENCRYPTED = b"---- BEGIN "
_DECLARATION = re.compile(rb"\s*<\?xml[^>]*?\?>")
_FIRST = re.compile(rb"(?:^|\n)<([A-Za-z][A-Za-z0-9]{4,11})[\s/>]")
ROOTS = ("pfsense", "opnsense", "m0n0wall")
"""The root elements of both firewalls' files."""
_ENCODING = re.compile(rb"""encoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]*)["']""")
_ENCODINGS = {"utf-8": "utf-8", "utf8": "utf-8", "us-ascii": "ascii", "ascii": "ascii"} | {
    "iso-8859-1": "latin-1",
    "latin-1": "latin-1",
    "latin1": "latin-1",
    "windows-1252": "cp1252",
    "cp1252": "cp1252",
}
_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


_BLOCK = 4096
_CONTINUATIONS = bytes(range(0x80, 0xC0))


class Malformed(Exception):
    """A document that is not read; the message is fit for a user, `span` is where it goes wrong."""

    def __init__(self, message: str, span: Span) -> None:
        super().__init__(message)
        self.message = message
        self.span = span


class _Document:
    """The text that elements stand in; where its lines begin is found out when a place is first asked for.

    So is how many characters stand before each block of bytes: a file may be one long line.
    """

    __slots__ = ("_before", "_starts", "data", "path")

    def __init__(self, path: str, data: bytes) -> None:
        self.path, self.data = path, data
        self._starts: list[int] | None = None
        self._before: list[int] = []

    def place(self, offset: int) -> tuple[int, int]:
        """The 1-based line and column, in characters, of a byte."""
        if self._starts is None:
            self._starts = [0, *map(add, accumulate(map(len, self.data.split(b"\n"))), count(1))]
        offset = max(offset, 0)
        line = bisect_right(self._starts, offset)
        start = self._starts[line - 1]
        if offset - start <= _BLOCK:
            return line, _characters(self.data[start:offset]) + 1
        return line, self._characters_before(offset) - self._characters_before(start) + 1

    def _characters_before(self, offset: int) -> int:
        if not self._before:
            blocks = (self.data[at : at + _BLOCK] for at in range(0, len(self.data), _BLOCK))
            self._before = [0, *accumulate(map(_characters, blocks))]
        block = offset // _BLOCK
        return self._before[block] + _characters(self.data[block * _BLOCK : offset])


def _characters(data: bytes) -> int:
    """How many characters begin in a stretch of UTF-8."""
    return len(data.translate(None, _CONTINUATIONS))


class Element(NamedTuple):
    """One element as written. A tuple, because a file has hundreds of thousands and frozen dataclasses cost three times as much.

    `text` is the element's own character data, exactly; in one with children a line break ends each stretch of it. `start` and `end` are
    bytes of the document: of the start tag's `<`, and behind the end tag's `>`.
    """

    name: str
    attributes: dict[str, str]
    text: str
    children: tuple[Element, ...]
    document: _Document
    start: int
    end: int

    @property
    def path(self) -> str:
        """The file."""
        return self.document.path

    @property
    def line(self) -> int:
        """The line of the start tag."""
        return self.document.place(self.start)[0]

    @property
    def column(self) -> int:
        """The column of the start tag."""
        return self.document.place(self.start)[1]

    @property
    def end_line(self) -> int:
        """The line where the end tag ends."""
        return self.document.place(self.end)[0]

    @property
    def span(self) -> Span:
        """From the start tag's `<` to behind the end tag's `>`."""
        return Span(self.path, *self.document.place(self.start), *self.document.place(self.end))

    @property
    def head(self) -> Span:
        """The `<name` of the start tag: where something that the element lacks is missing."""
        line, column = self.document.place(self.start)
        return Span(self.path, line, column, line, column + 1 + len(self.name))

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


def has_root(path: str, head: bytes, root: str) -> bool:
    """As `claims`, and in an .xml file whatever stands before: what is damaged at its beginning is told, not passed over."""
    if claims(head, root):
        return True
    return path.endswith(".xml") and re.search(rb"(?i)(?:^|\n)<%b[\s/>]" % re.escape(root.encode()), head) is not None


def near_root(path: str, head: bytes, root: str) -> bool:
    """Whether an .xml file has a root element that is a slip away from `root`: no product reads it, and it is told."""
    found = _FIRST.search(head) if path.endswith(".xml") else None
    return found is not None and near(found[1].decode(), ROOTS) == root


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


_Open = tuple[str, dict[str, str], int, list["Element"], list[str]]
"""An element whose end tag has not come yet: name, attributes, start, children, pieces of text. A plain tuple, for speed."""


class _Reader:
    """The events of expat turned into elements."""

    def __init__(self, path: str, data: bytes, fold: Callable[[str], str]) -> None:
        self.document = _Document(path, data)
        self.open: list[_Open] = []
        self.root: list[Element] = []
        self.parser = expat.ParserCreate("UTF-8")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.EntityDeclHandler = self._doctype
        self._handle(fold)

    def read(self, blank_start: bool) -> Element:
        data = self.document.data
        declaration = _DECLARATION.match(data)
        if blank_start and declaration:  # blanked out, not cut off, so that every position stays
            data = re.sub(rb"[^\r\n]", b" ", declaration.group()) + data[declaration.end() :]
        try:
            self.parser.Parse(data, True)
        except expat.ExpatError as error:
            self._explain(error)
        return self.root[0]

    def _handle(self, fold: Callable[[str], str]) -> None:
        """Functions over local names: they run half a million times in a large file."""
        parser, document, data, stack, root = self.parser, self.document, self.document.data, self.open, self.root
        names: dict[str, str] = {}
        blanks: dict[str, str] = {}
        left = MAX_ELEMENTS
        pieces: list[str] = []

        new = tuple.__new__

        def start(name: str, attributes: dict[str, str]) -> None:
            nonlocal left, pieces
            left -= 1
            if len(stack) >= MAX_DEPTH:
                self._refuse(f"is nested more than {MAX_DEPTH} elements deep")
            if left < 0:
                self._refuse(f"has more than {MAX_ELEMENTS:,} elements")
            if pieces:
                pieces.append("\n")
            pieces = []
            stack.append((names.get(name) or names.setdefault(name, fold(name)), attributes, parser.CurrentByteIndex, [], pieces))

        def end(name: str) -> None:
            nonlocal pieces
            here, attributes, begin, inner, _ = stack.pop()
            offset = parser.CurrentByteIndex
            text = "".join(pieces)
            if inner:
                text = blanks.setdefault(text, text) if text.isspace() else text  # indentation is kept once, however often it occurs
            if len(text) > MAX_TEXT:
                self._refuse(f"has more than {MAX_TEXT // 1024 // 1024} MiB of text in one element")
            if inner or text or data[offset - 2 : offset] != b"/>":  # before the end tag; behind <a/> expat stands already
                offset = data.find(b">", offset + len(name)) + 1
            element = new(Element, (here, attributes, text, tuple(inner), document, begin, offset))
            if stack:
                _, _, _, siblings, pieces = stack[-1]
                siblings.append(element)
            else:
                root.append(element)

        def characters(text: str) -> None:
            pieces.append(text)

        parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, characters

    def _doctype(self, *_: object) -> None:
        self._refuse("declares a document type or entities: a firewall's configuration has none, and they are not followed")

    def _refuse(self, message: str) -> NoReturn:
        raise Malformed(message, self._here(self.parser.CurrentByteIndex))

    def _here(self, offset: int) -> Span:
        line, column = self.document.place(offset)
        return Span(self.document.path, line, column, line, column + 1)

    def _explain(self, error: expat.ExpatError) -> NoReturn:
        """The codes of expat in a user's words; a mismatch and a truncation name the element that is still open."""
        raise Malformed(self._reason(error), self._here(self.parser.ErrorByteIndex)) from None

    def _reason(self, error: expat.ExpatError) -> str:
        here = self.open[-1] if self.open else None
        open_tag = f"<{here[0]}>, opened at line {self.document.place(here[2])[0]}" if here else ""
        code = expat.errors.messages[error.code]
        byte = self.document.data[self.parser.ErrorByteIndex : self.parser.ErrorByteIndex + 1]
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
