"""Which files are machines, which are patches, and whose: by content first, then by the names of directories and files.

A whole configuration has a machine type and the cluster's endpoint; anything else is a patch. What only names say is a guess, and is told.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence

from auditor.formats.talos.documents import MAIN, Loaded, Shape
from auditor.formats.talos.validate import MACHINE_TYPES, lookup, text_at
from auditor.model.record import dataclass

CONTROL_PLANE, WORKER = "control-plane", "worker"
ROLES = (CONTROL_PLANE, WORKER)
FIREWALL_KINDS = ("NetworkDefaultActionConfig", "NetworkRuleConfig")
_EDGE = r"(?:^|[-_.\d]){}(?:[-_.\d]|$)"
_CONTROL = re.compile(_EDGE.format(r"(?:control[-_]?planes?|controllers?|masters?|cps?)"), re.IGNORECASE)
_WORKER = re.compile(_EDGE.format(r"(?:workers?|wks?)"), re.IGNORECASE)
_BOTH = frozenset({"all", "cluster", "global", "common", "shared", "general", "base"})
_GENERIC = frozenset(
    {"patches", "patch", "config", "configs", "clusterconfig", "generated", "rendered", "machine", "machines", "machineconfig"}
    | {"machine-config", "nodes", "hosts", "templates", "firewall"}
)
_NODES = frozenset({"nodes", "hosts"})
_NUMBERED = re.compile(r"(?:.*[-_.])?(?:control[-_]?plane|controller|master|cp|worker|wk|node|host)s?[-_.]?\d+", re.IGNORECASE)
_ABOUT_OTHERS = re.compile(r"^(?:\d+[-_])?(?:allow|deny|permit|from|to|block)\b|(?:allow|from|to)[-_]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Member:
    """A file of a group. `roles` are those it concerns; `guessed` if only its name says so."""

    loaded: Loaded
    roles: tuple[str, ...]
    guessed: bool

    @property
    def path(self) -> str:
        """Where it is."""
        return self.loaded.span.path


@dataclass(frozen=True, slots=True)
class Group:
    """What belongs to one cluster: the files whose paths have the same beginning, without the directories that name roles."""

    root: str
    wholes: tuple[Member, ...]
    patches: tuple[Member, ...]

    @property
    def site(self) -> str:
        """What tells its machines from those of other directories: a directory that has patches for either role is a cluster's."""
        own = {member.roles for member in self.patches if len(member.roles) == 1}
        return (self.root or ".") if len(own) == len(ROLES) and not self.wholes else ""

    def patches_of(self, role: str | None) -> tuple[Member, ...]:
        """The patches of a role in the order assumed: those of every role, then its own, each by path. None: only those of every role."""
        common = [member for member in self.patches if len(member.roles) > 1]
        own = [member for member in self.patches if member.roles == (role,)]
        return (*sorted(common, key=_path), *sorted(own, key=_path))


def _path(member: Member) -> str:
    return member.path


def by_node(members: Sequence[Member]) -> tuple[tuple[str, tuple[Member, ...]], ...]:
    """The members of each node, where rules are given for single nodes: those for everybody, and its own. Else one nameless part."""
    nodes = dict.fromkeys(node for member in members if (node := node_of(member.path)))
    if len(nodes) < 2 or not any(node_of(member.path) and _filters(member) for member in members):
        return (("", tuple(members)),)
    return tuple((node, tuple(member for member in members if node_of(member.path) in ("", node))) for node in nodes)


def _filters(member: Member) -> bool:
    return any(step.kind in FIREWALL_KINDS for step in member.loaded.steps)


def node_of(path: str) -> str:
    """The one node that a path speaks of: what stands in a directory of nodes, or a role with a number; empty for none."""
    *directories, name = path.split("/")
    parts = [*directories, name.partition(".")[0]]
    for before, part in reversed(tuple(zip(("", *parts), parts, strict=False))):
        if part.lower() in _BOTH:
            return ""
        if before.lower() in _NODES or _NUMBERED.fullmatch(part):
            return part
    return ""


def groups(loads: Sequence[Loaded]) -> Iterator[Group]:
    """Files that no tool's own inventory claims, by cluster."""
    found: dict[str, tuple[list[Member], list[Member]]] = {}
    for loaded in loads:
        wholes, patches = found.setdefault(root_of(loaded.span.path), ([], []))
        (wholes if is_whole(loaded) else patches).append(member_of(loaded))
    for root, (wholes, patches) in found.items():
        yield Group(root, tuple(wholes), tuple(patches))


def is_whole(loaded: Loaded) -> bool:
    """Whether a text is a whole machine configuration."""
    if loaded.shape is not Shape.DOCUMENTS:
        return False
    main = next((document.node for document in loaded.documents if document.kind == MAIN), None)
    if text_at(main, "machine.type") is None:
        return False
    endpoint = any(document.kind == "KubeClusterConfig" for document in loaded.documents)
    return endpoint or lookup(main, "cluster.controlPlane.endpoint") is not None


def member_of(loaded: Loaded) -> Member:
    """A file with the roles it concerns, best evidence first."""
    for document in loaded.documents:
        role = MACHINE_TYPES.get(text_at(document.node, "machine.type") or "") if document.kind == MAIN else None
        if role is not None:
            return Member(loaded, (role,), False)
    named = role_by_name(loaded.span.path)
    return Member(loaded, (named,) if named else ROLES, named is not None)


def role_by_name(path: str) -> str | None:
    """The role that a path's directories, or else its file name, speak of; None for both roles."""
    directory, name = posixpath.split(path)
    for part in reversed(directory.split("/")):
        if part.lower() in _BOTH:
            return None
        role = _role_of_word(part)
        if role is not None:
            return role
    stem = name.partition(".")[0]
    return None if _ABOUT_OTHERS.search(stem) else _role_of_word(stem)


def _role_of_word(word: str) -> str | None:
    control, worker = bool(_CONTROL.search(word)), bool(_WORKER.search(word))
    if control == worker:
        return None
    return CONTROL_PLANE if control else WORKER


def root_of(path: str) -> str:
    """The directory of a file without the trailing parts that name roles or say nothing; empty for the top."""
    parts = [part for part in posixpath.dirname(path).split("/") if part]
    while parts and (parts[-1].lower() in _GENERIC | _BOTH or _role_of_word(parts[-1]) is not None or _is_node(parts)):
        parts.pop()
    return "/".join(parts)


def _is_node(parts: Sequence[str]) -> bool:
    return bool(_NUMBERED.fullmatch(parts[-1])) or (len(parts) > 1 and parts[-2].lower() in _NODES)
