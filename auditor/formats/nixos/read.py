"""Files to one graph. What Nix evaluated takes the place of what .nix files say of the same host: it is merged, and final."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence

from auditor.files import Tree, Unreadable, read_text
from auditor.formats.base import Options
from auditor.formats.nixos.checks import check_host
from auditor.formats.nixos.convert import to_graph
from auditor.formats.nixos.dump import hosts_of
from auditor.formats.nixos.firewall import FIREWALL, NFTABLES
from auditor.formats.nixos.host import Host
from auditor.formats.nixos.jsontext import Malformed, read_json
from auditor.formats.nixos.options import Path
from auditor.model.graph import Graph
from auditor.model.record import replace
from auditor.model.source import Effect, Level, Note, Span


def read_graph(tree: Tree, paths: Sequence[str], options: Options) -> Graph:
    """The hosts of every dump and every .nix file among `paths`."""
    notes: list[Note] = []
    read: list[str] = []
    evaluated = _joined([host for path in paths if path.endswith(".json") for host in _dumped(tree, path, notes, read)])
    written = _written(tree, [path for path in paths if path.endswith(".nix")], notes, read)
    names = {host.name for host in evaluated}
    kept = tuple(_named((*evaluated, *(host for host in written if host.name not in names))))
    graph = to_graph(kept, options.nft)
    notes += [note for host in (*evaluated, *written) for note in check_host(host)]
    told = dict.fromkeys(sorted(notes, key=lambda note: (note.span, note.trap)))
    return graph + Graph(notes=tuple(told), read=tuple((path, "nixos") for path in dict.fromkeys(read)))


def _joined(hosts: list[Host]) -> list[Host]:
    """One host where a directory holds just `networking.firewall` and `networking.nftables`, each in a file."""
    found = list(hosts)
    for host in hosts:
        beside = [each for each in hosts if posixpath.dirname(each.path) == posixpath.dirname(host.path)]
        others = [each for each in beside if each is not host]
        if len(others) == 1 and _says(host, FIREWALL, NFTABLES) and _says(others[0], NFTABLES, FIREWALL):
            found.remove(others[0])
            found[found.index(host)] = replace(host, settings=host.settings.together(others[0].settings))
    return found


def _says(host: Host, this: Path, other: Path) -> bool:
    return host.name == host.path and host.settings.span(*this) is not None and host.settings.span(*other) is None


def _written(tree: Tree, paths: Sequence[str], notes: list[Note], read: list[str]) -> tuple[Host, ...]:
    if not paths:
        return ()
    from auditor.formats.nixos.signs import telling

    if not any(telling(tree, path) for path in paths):
        return ()
    from auditor.formats.nixos.layout import Layout

    layout = Layout(tree, paths)
    notes += layout.notes
    read += sorted(layout.read)
    return layout.hosts


def _dumped(tree: Tree, path: str, notes: list[Note], read: list[str]) -> Iterator[Host]:
    try:
        text = read_text(tree, path).text
        value = read_json(path, text)
    except Unreadable as error:
        read.append(path)
        notes.append(Note("unparsable", f"this file {error}", Span.of_file(path), Effect.UNKNOWN, Level.ERROR))
        return
    except Malformed as error:
        read.append(path)
        notes.append(Note("unparsable", str(error), error.span, Effect.UNKNOWN, Level.ERROR))
        return
    hosts = hosts_of(value, path)
    if hosts or '"allowedTCPPorts"' in text:
        read.append(path)
    if not hosts and '"allowedTCPPorts"' in text:
        message = "this looks like networking.firewall, but `enable` or a port list is missing: nothing is read from it"
        notes.append(Note("dump-incomplete", message, Span.of_file(path), Effect.UNKNOWN, Level.WARNING))
    yield from hosts


def _named(hosts: Sequence[Host]) -> Iterator[Host]:
    """Hosts with names of their own: of several with one, the later go by their files."""
    taken: set[str] = set()
    for host in hosts:
        name = host.name
        if name in taken:
            name = f"{host.path}#{host.name}" if host.path in taken else host.path
        number = 2
        while name in taken:
            name, number = f"{host.path}#{number}", number + 1
        taken.add(name)
        yield host if name == host.name else replace(host, name=name)
