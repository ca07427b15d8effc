"""Talos files into one graph: talhelper's inventories first, then what no inventory claims, grouped by where it lies.

Every file is in the graph's `read`, or has a note that says why not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from auditor.files import Tree, Unreadable, read_text
from auditor.formats.base import Options
from auditor.formats.talos.checks import check_group, check_machine, check_order, disputed, undone
from auditor.formats.talos.convert import to_graph
from auditor.formats.talos.documents import Loaded, Shape, load
from auditor.formats.talos.layout import FIREWALL_KINDS, ROLES, Group, Member, by_node, groups, is_whole, root_of
from auditor.formats.talos.machine import Inventory, Plan, build
from auditor.formats.talos.omni import read_template
from auditor.formats.talos.recognise import is_omni, is_talhelper
from auditor.formats.talos.schema import since
from auditor.formats.talos.talhelper import read_inventory
from auditor.formats.talos.version import NEWEST_CANDIDATE, NEWEST_STABLE, Version, parse_version
from auditor.model.graph import Graph
from auditor.model.record import replace
from auditor.model.source import Effect, Level, Note, Source, Span

NAME = "talos"


def read_graph(tree: Tree, paths: Sequence[str], options: Options) -> Graph:
    """Everything at `paths`."""
    sources, notes = _texts(tree, paths)
    version = stated_version(options)
    tools = {path: tool for path, source in sources.items() if (tool := _tool_of(path, source)) is not None}
    inventories = [_READERS[tool](tree, sources[path], version) for path, tool in tools.items()]
    used = {path for inventory in inventories for path in inventory.used}
    claimed = used | tools.keys()
    rest = {path: source for path, source in sources.items() if path not in claimed}
    versions = {root: version or _version_of(texts) for root, texts in _by_root(rest).items()}
    loads = [_load(source, versions[root_of(path)]) for path, source in rest.items()]
    plans = [plan for inventory in inventories for plan in inventory.plans]
    owned = {root_of(path): tool for path, tool in tools.items() if path not in used}
    grouped = list(groups(loads))
    free = [group for group in grouped if group.root not in owned]
    beside = [group for group in grouped if group.root in owned]
    free += [replace(group, wholes=kept, patches=()) for group in beside if (kept := tuple(filter(_is_other, group.wholes)))]
    for group in free:
        plans += (replace(plan, version=version, likely=versions[group.root]) for plan in _plans(group))
    notes += _remarks(inventories, free, loads)
    notes += [_unused(member, owned[group.root]) for group in beside for member in group.patches]
    notes += [_rendered(member) for group in beside for member in group.wholes if not _is_other(member)]
    read = tuple((path, NAME) for path in sorted({*sources, *used}))
    return graph_of(plans, lambda path: sources[path].text if path in sources else "", notes, options) + Graph(read=read)


_READERS: dict[str, Callable[[Tree, Source, Version | None], Inventory]] = {
    "talhelper configuration": read_inventory,
    "cluster template of Omni's": read_template,
}
"""Files about whole clusters, by what to call them."""


def _tool_of(path: str, source: Source) -> str | None:
    head = source.text[:4096].encode()
    talhelper, omni = _READERS
    return talhelper if is_talhelper(path, head) else omni if is_omni(head) else None


def graph_of(plans: Sequence[Plan], text_of: Callable[[str], str], notes: Sequence[Note], options: Options) -> Graph:
    """The machines of these plans, with the lints about each and about those of one role."""
    machines = tuple(build(plan, text_of) for plan in _told_apart(plans))
    found = [*notes]
    for machine in machines:
        found += [*machine.notes, *check_machine(machine, options.parameters)]
    found += check_group(machines)
    return to_graph(machines) + Graph(notes=tuple(dict.fromkeys(found)))


def _told_apart(plans: Sequence[Plan]) -> Iterator[Plan]:
    """The plans, of several with one name all but the first by their lines too: each filters for itself."""
    seen: set[str] = set()
    for plan in plans:
        id_ = plan.id if plan.id not in seen else f"{plan.id}@{plan.span.line}"
        seen.add(id_)
        yield replace(plan, id=id_)


def stated_version(options: Options) -> Version | None:
    """What the user says the nodes run."""
    given = options.parameters.get("talos_version")
    return parse_version(str(given)) if given else None


def _texts(tree: Tree, paths: Sequence[str]) -> tuple[dict[str, Source], list[Note]]:
    sources, notes = {}, []
    for path in paths:
        try:
            sources[path] = read_text(tree, path)
        except Unreadable as error:
            notes.append(Note("unparsable", f"the file {error}", Span.of_file(path), Effect.UNKNOWN, Level.ERROR))
    return sources, notes


_INSTALLER = re.compile(r"installer[^\s\"']{0,200}:(v\d+\.\d+\.\d+[\w.-]*)")
_KIND = re.compile(r"^kind:\s*[\"']?(\w+Config)\b", re.MULTILINE)


def _by_root(sources: Mapping[str, Source]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path, source in sources.items():
        found.setdefault(root_of(path), []).append(source.text)
    return found


def _version_of(texts: Sequence[str]) -> Version:
    """The version that the files of one cluster speak of: the installer's, else one that knows their documents."""
    for text in texts:
        for match in _INSTALLER.finditer(text):
            version = parse_version(match[1])
            if version is not None:
                return version
    firsts = [first for text in texts for match in _KIND.finditer(text) if (first := since(match[1])) is not None]
    return NEWEST_CANDIDATE if any(first > NEWEST_STABLE for first in firsts) else NEWEST_STABLE


def _unused(member: Member, tool: str) -> Note:
    message = f"the {tool} beside it does not use this file: it has no effect"
    firewall = any(document.kind in FIREWALL_KINDS for document in member.loaded.documents)
    return Note("unused-patch", message, member.loaded.span, Effect.IGNORED, Level.WARNING if firewall else Level.NOTE)


def _is_other(whole: Member) -> bool:
    """Whether a configuration beside a talhelper configuration is no work of talhelper's, by the directory it lies in."""
    return "clusterconfig" not in whole.path.split("/")


def _rendered(whole: Member) -> Note:
    message = "talhelper made this file: what it is made from, the talhelper configuration beside it, is read in its place"
    return Note("rendered-beside", message, whole.loaded.span, Effect.IGNORED, Level.NOTE)


def _load(source: Source, version: Version) -> Loaded:
    loaded = load(source, version, patch=True)
    return load(source, version, patch=False) if is_whole(loaded) else loaded


def _remarks(inventories: Sequence[Inventory], grouped: Sequence[Group], loads: Sequence[Loaded]) -> Iterator[Note]:
    for inventory in inventories:
        yield from inventory.notes
    for loaded in loads:  # also of those that ended up in no machine
        yield from loaded.notes
    for group in grouped:
        about = [member for member in group.patches if _is_about_machines(member)]
        if about and not group.wholes:
            yield _assumed(about[0])
        for role in ROLES:
            for _, members in by_node(group.patches_of(role)):
                yield from check_order(members)
        yield from map(_guessed, [member for member in about if member.guessed][:1])


def _assumed(member: Member) -> Note:
    message = "only patches are here: they are taken to lie on a generated configuration, without firewall documents of its own"
    return Note("assumed-base", message, member.loaded.span, Effect.UNKNOWN, Level.NOTE)


def _guessed(member: Member) -> Note:
    message = f"that this patch is for the role {member.roles[0]} is taken from its path alone"
    return Note("role-by-name", message, member.loaded.span, Effect.UNKNOWN, Level.NOTE)


# From files to machines


def _plans(group: Group) -> Iterator[Plan]:
    for whole in group.wholes:
        yield from _whole(group, whole)
    for role in () if group.wholes else ROLES:
        if any(role in member.roles and _is_about_machines(member) for member in group.patches):
            yield from _patched(group, role)


def _whole(group: Group, whole: Member) -> Iterator[Plan]:
    """A configuration with the patches of its role; with those of its node alone, or once for each node, where nodes have their own."""
    role = whole.roles[0] if len(whole.roles) == 1 else None
    parts = by_node(group.patches_of(role))
    named = [part for part in parts if part[0] and re.search(rf"(?:^|[-_./]){re.escape(part[0])}(?:[-_./]|$)", whole.path)]
    for node, members in named or parts:
        id_ = f"{NAME}:{whole.path}" + (f"#{node}" if node and not named else "")
        patches = tuple(member.loaded for member in members)
        label = f"{node} of {whole.path}" if node and not named else whole.path
        aliases = (f"{NAME}:{whole.path}",) if node and not named else ()
        span = whole.loaded.span
        yield Plan(
            id_,
            label,
            span,
            group.root,
            whole.loaded,
            patches,
            aliases=aliases,
            unread=undone(members),
            disputed=disputed(members),
        )


def _is_about_machines(member: Member) -> bool:
    return bool(member.loaded.steps or member.loaded.operations or member.loaded.shape is Shape.UNREADABLE)


def _patched(group: Group, role: str) -> Iterator[Plan]:
    every = group.patches_of(role)
    place = every[0].path if len(group.patches) == 1 else group.root or "."
    for node, members in by_node(every):
        own = [name for member in members if member.roles == (role,) for name in (member.path, member.path.rpartition("/")[0])]
        aliases = (f"{NAME}:{place}", *(f"{NAME}:{path}" for path in dict.fromkeys(own) if path))
        patches = tuple(member.loaded for member in members)
        label = (f"{role} of {place}" if place != "." else role) + (f", node {node}" if node else "")
        firewall = (loaded for loaded in patches if any(document.kind in FIREWALL_KINDS for document in loaded.documents))
        span = next(firewall, members[0].loaded).span
        yield Plan(
            f"{NAME}:{place}#{role}" + (f"/{node}" if node else ""),
            label,
            span,
            group.root,
            None,
            patches,
            role,
            aliases=aliases,
            unread=undone(members),
            disputed=disputed(members),
            site=group.site,
        )
