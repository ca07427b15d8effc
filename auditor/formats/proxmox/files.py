"""Which file is whose: its kind by its place and name, and the files of one cluster together."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence

from auditor import lazyre
from auditor.files import Tree, Unreadable, read_text
from auditor.formats.proxmox.document import read_document
from auditor.formats.proxmox.machines import PATH, Machine, read_machine
from auditor.formats.proxmox.record import Document, Scope
from auditor.formats.proxmox.site import UNKNOWN, Site, Surroundings
from auditor.formats.proxmox.together import together
from auditor.model.record import dataclass, field, replace
from auditor.model.source import Effect, Level, Note, Source, Span

_CLUSTER = lazyre.compile(r"(?:^|.*[/_.-])cluster\.fw")
_HOST = lazyre.compile(r"(?:^|.*[/_.-])host\.fw")
_NODE = lazyre.compile(r"(?:^|.*/)nodes/([^/]+)/host\.fw")
_GUEST = lazyre.compile(r"(?:^|.*[/_.-])(\d+)\.fw")
_NETWORK = lazyre.compile(r"(?:^|.*/)sdn/firewall/([^/]+)\.fw")
_GROUP = lazyre.compile(r"(?m)^\s*\[group\s+\S+\]", lazyre.IGNORECASE)
_FORWARD = lazyre.compile(r"(?m)^\s*\|?FORWARD\s")
_OTHER = lazyre.compile(r"(?m)^\s*\|?(?:IN|OUT)\s")
_TEMPLATE = lazyre.compile(r"\{\{|\{%|<%|%\{ ?(?:for|if)")
_OWN_FOLDER = lazyre.compile(r"(?:^|/)(?:sdn/firewall|firewall|qemu-server|lxc|local)$")
_NODE_FOLDER = lazyre.compile(r"(?:^|/)nodes/[^/]+$")


@dataclass(slots=True)
class Found:
    """What was read, before it is divided into clusters."""

    documents: list[Document] = field(default_factory=list)
    machines: list[Machine] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    read: list[str] = field(default_factory=list)


def read_files(tree: Tree, paths: Sequence[str]) -> Found:
    """Every file that can be read, and a note for each that cannot."""
    found = Found()
    for path in paths:
        try:
            source = read_text(tree, path)
        except Unreadable as error:
            found.notes.append(_unparsable(path, str(error)))
            continue
        template = _TEMPLATE.search(source.text)
        if template is not None and not path.endswith(".conf"):
            line = source.text.count("\n", 0, template.start()) + 1
            message = "is a template: what it says is known only once it is filled in; check the files it makes"
            found.notes.append(_unparsable(path, message, line))
            continue
        found.read.append(path)
        if PATH.fullmatch(path):
            found.machines.append(read_machine(source))
        else:
            found.documents.append(_document(source, found))
    return found


def _unparsable(path: str, message: str, line: int = 1) -> Note:
    return Note("unparsable", f"{path} {message}", Span(path, line, 1, line, 2), Effect.UNKNOWN, Level.ERROR)


def _document(source: Source, found: Found) -> Document:
    """A document of the kind its name tells; what the name does not tell is read off the content, and said."""
    path = source.path
    if network := _NETWORK.fullmatch(path):
        return read_document(source, Scope.VNET, network.group(1))
    if _CLUSTER.fullmatch(path):
        return read_document(source, Scope.CLUSTER, "")
    if _HOST.fullmatch(path):
        node = _NODE.fullmatch(path)
        return read_document(source, Scope.HOST, node.group(1) if node is not None else "")
    if guest := _GUEST.fullmatch(path):
        return read_document(source, Scope.GUEST, guest.group(1))
    scope, name = _by_content(source.text), posixpath.basename(path).partition(".")[0]
    message = f"its name does not say whom it is for: it is read as the file of a {scope}; name it cluster.fw, host.fw or <vmid>.fw"
    found.notes.append(Note("file-name", message, Span.of_file(path), Effect.UNKNOWN, Level.NOTE))
    return read_document(source, scope, name)


def _by_content(text: str) -> Scope:
    if _GROUP.search(text):
        return Scope.CLUSTER
    return Scope.VNET if _FORWARD.search(text) and not _OTHER.search(text) else Scope.GUEST


def sites(found: Found, surroundings: Surroundings = UNKNOWN) -> Iterator[Site]:
    """The clusters: a cluster.fw and what lies in its folder; with a single cluster.fw, everything."""
    clusters: dict[str, Document] = {}
    stated = [document for document in found.documents if document.scope is Scope.CLUSTER]
    whole = [document for document in stated if not document.partial]
    for document in found.documents:
        if document in (whole or stated):
            base = base_of(document.path)
            clusters[base if base not in clusters else document.path.removesuffix(".fw")] = document
    folders: dict[str, tuple[list[Document], list[Machine]]] = {folder: ([each], []) for folder, each in clusters.items()}
    for document in found.documents:
        if document not in clusters.values():
            folders.setdefault(_folder(document.path, clusters), ([], []))[0].append(document)
    for machine in found.machines:
        folders.setdefault(_folder(machine.span.path, clusters), ([], []))[1].append(machine)
    for folder, (documents, machines) in folders.items():
        prefix = f"{folder or '.'}:" if len(folders) > 1 else ""
        yield replace(site_of(documents, machines, surroundings), folder=folder, prefix=prefix)


def site_of(documents: Sequence[Document], machines: Sequence[Machine], surroundings: Surroundings) -> Site:
    """One cluster of these files. Of two files for one guest or node, the second is called by its path; what is partial joins the first."""
    by_scope: dict[Scope, dict[str, Document]] = {scope: {} for scope in Scope}
    for document in sorted(documents, key=lambda each: each.partial):
        taken = by_scope[document.scope]
        if document.partial and document.name in taken:
            taken[document.name] = together(taken[document.name], document)
            continue
        name = document.name if document.name not in taken else document.path.removesuffix(".fw")
        taken[name] = replace(document, name=name)
    return Site(
        "",
        "",
        next(iter(by_scope[Scope.CLUSTER].values()), None),
        by_scope[Scope.HOST],
        by_scope[Scope.GUEST],
        by_scope[Scope.VNET],
        {machine.number: machine for machine in machines},
        surroundings,
    )


def base_of(path: str) -> str:
    """The folder that a file is in, without the folders that the product makes in it."""
    return _NODE_FOLDER.sub("", _OWN_FOLDER.sub("", posixpath.dirname(path)))


def _folder(path: str, clusters: Mapping[str, Document]) -> str:
    """The folder of the cluster that a file belongs to."""
    if len(clusters) == 1:
        return next(iter(clusters))
    base = base_of(path)
    above = [folder for folder in clusters if folder in ("", base) or base.startswith(f"{folder}/")]
    return max(above, key=len, default=base)
