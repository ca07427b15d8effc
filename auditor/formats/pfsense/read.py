"""config.xml as pfSense's own reader takes it: names without regard to case, text trimmed its way, and the files it refuses.

A `Config` is a file the product would accept. Whatever would make it stop reading is a `Refusal`, with the place.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from auditor.formats import xmlspan
from auditor.formats.xmlspan import Element
from auditor.model.record import dataclass
from auditor.model.source import Span

SECTIONS = ("aliases", "filter", "nat", "interfaces", "ifgroups", "gateways", "virtualip", "schedules", "staticroutes", "system")
"""The parts a backup of one area may consist of, and those in which the list of repeatable elements is closed."""

_LISTS = """
    acls alias aliasurl allowedip allowedhostname authserver bridged build_port_path ca cacert cert crl clone config container columnitem
    checkipservice depends_on_package disk dnsserver dnsupdate domainoverrides dyndns earlyshellcmd element encryption-algorithm-option
    field fieldname gateway_item gateway_group gif gre group hash-algorithm-option hosts ifgroupentry igmpentry interface_array item key
    lagg laggroup lbaction lbpool l7rules lbprotocol member menu tab mobilekey mobilegroup monitor_type mount npt ntpserver onetoone
    openvpn-server openvpn-client openvpn-csc option package passthrumac phase1 phase2 ppp pppoe priv proxyarpnet pool qinqentry queue
    pages pipe radnsserver roll route row rrddatafile rule schedule service servernat servers sshkeyfile serversdisabled shellcmd staticmap
    subqueue switch swport timerange tunnel user vip virtual_server vlan vlangroup voucherdbfile vxlan wgpeer winsserver wolentry widget
    xmldatafile"""
LISTS = frozenset(_LISTS.split())
"""The elements that may repeat."""

_TABBED_BLANKS = re.compile(r" \t+ ")
_REVISION = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,9}))?")
OLDEST_JUDGED = (15, 0)


class Refusal(Exception):
    """The product's reader stops at this file."""

    def __init__(self, message: str, span: Span, related: tuple[tuple[str, Span], ...] = ()) -> None:
        super().__init__(message)
        self.message, self.span, self.related = message, span, related


@dataclass(frozen=True, slots=True)
class Config:
    """A configuration that the product accepts. `partial`: a backup of one area, so what it refers to is elsewhere.

    `revision` is None where the file does not say which release wrote it.
    """

    path: str
    root: Element
    revision: tuple[int, int] | None
    partial: bool

    def at(self, path: str) -> Element | None:
        """The element under the root, e.g. "system/webgui/port"."""
        if not self.partial:
            return self.root.at(path)
        first, _, rest = path.partition("/")
        if self.root.name != first:
            return None
        return self.root.at(rest) if rest else self.root

    def every(self, path: str) -> Iterator[Element]:
        """All elements under the root, through every repetition, e.g. "filter/rule"."""
        if not self.partial:
            yield from self.root.every(path)
            return
        first, _, rest = path.partition("/")
        if self.root.name == first:
            yield from self.root.every(rest)

    def has(self, path: str) -> bool:
        """Whether the element is there: how the product reads its switches."""
        return self.at(path) is not None

    def text(self, path: str) -> str:
        """The text of the element, empty if it is not there."""
        element = self.at(path)
        return value(element) if element is not None else ""


def read(path: str, data: bytes) -> Config:
    """The configuration in `data`. Raises `xmlspan.Malformed` for what is no such file, `Refusal` for what the product would not accept."""
    root = xmlspan.parse(path, data, fold=str.lower)
    partial = root.name != "pfsense"
    if root.name == "m0n0wall":
        raise xmlspan.Malformed("is a configuration of m0n0wall, pfSense's ancestor, which is not read", root.head)
    if partial and root.name not in SECTIONS:
        raise xmlspan.Malformed(f"has the root element <{_short(root.name)}>, not <pfsense>: it is no configuration of pfSense", root.head)
    for section in [root] if partial else _sections(root):
        _accept(section)
    return Config(path, root, _revision(root), partial)


def _sections(root: Element) -> Iterator[Element]:
    seen: dict[str, Element] = {}
    for child in root.children:
        if child.name in SECTIONS:
            if child.name in seen:
                raise _repeated(child, seen[child.name])
            seen[child.name] = child
            yield child


def _accept(top: Element) -> None:
    """Raises `Refusal` where the product's reader would stop inside `top`."""
    pending = [top] if top.children else []
    blank: set[str] = set()  # the same indentation occurs thousands of times
    while pending:
        here = pending.pop()
        if here.text and here.text not in blank:
            if _counts_as_text(here.text):
                message = f"<{_short(here.name)}> has text beside its elements: pfSense refuses the whole file and boots from a backup"
                raise Refusal(message, here.head)
            blank.add(here.text)
        if len({child.name for child in here.children}) < len(here.children):
            _accept_repetition(here)
        pending.extend([child for child in here.children if child.children])


def _accept_repetition(here: Element) -> None:
    first: dict[str, Element] = {}
    for child in here.children:
        earlier = first.setdefault(child.name, child)
        if earlier is not child and child.name not in LISTS:
            raise _repeated(child, earlier)


def _repeated(child: Element, earlier: Element) -> Refusal:
    message = f"<{_short(child.name)}> stands here twice and may only once: pfSense refuses the whole file and boots from a backup"
    return Refusal(message, child.head, (("the first one", earlier.head),))


def _counts_as_text(text: str) -> bool:
    return bool(_TABBED_BLANKS.search(text)) or any(line.strip("\t\r\n").strip(" ") for line in text.split("\n"))


def _short(name: str) -> str:
    return name if len(name) <= 40 else name[:37] + "…"


def _revision(root: Element) -> tuple[int, int] | None:
    element = root.child("version")
    found = _REVISION.match(value(element)) if element is not None else None
    return (int(found.group(1)), int(found.group(2) or 0)) if found else None


def value(element: Element | None) -> str:
    """The text as the product sees it: lines without tabs at their ends, joined with nothing between, entities decoded once more."""
    if element is None or element.children:
        return ""
    text = element.text
    if "\n" in text or "\t" in text or "\r" in text:
        text = "".join(line.strip("\t\r\n") for line in re.split(r"[\r\n]", text))
    return html.unescape(text) if "&" in text else text


def field(parent: Element, name: str) -> str:
    """The text of a child, empty if it is not there."""
    return value(parent.child(name))


def placeholder(text: str) -> bool:
    """Whether a deployment tool still has to fill in the value."""
    return "{{" in text or "${" in text
