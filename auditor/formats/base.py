"""What a front end is: a dialect's name, how its files are recognised, how they become a graph, and the lints it can report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from auditor.files import Tree
from auditor.model.filters import Rule
from auditor.model.graph import Graph
from auditor.model.record import dataclass, field
from auditor.model.source import Level, Note, Span


@dataclass(frozen=True, slots=True)
class Lint:
    """A trap of a dialect, as its documentation page tells it. `trap` is the name that notes carry."""

    trap: str
    title: str
    why: str
    fix: str
    level: Level = Level.WARNING


@dataclass(frozen=True, slots=True)
class Embedded:
    """A text of another dialect inside a file: `place(start, end)` is where its characters stand.

    `gaps`: parts of it are filled in later.
    """

    text: str
    place: Callable[[int, int], Span]
    gaps: bool = False


@dataclass(frozen=True, slots=True)
class NftReader:
    """nftables for dialects that hold texts of it.

    `rules(lines, items, hook)`: the lines of a chain that is called from a filter chain at a hook of an inet table (`input`, `forward`,
    `output`), with what else stands in that table. `tables(texts, zone, device)`: hooks of whole rulesets for a host. Notes carry the
    dialect's name before their trap.
    """

    rules: Callable[[Embedded, Sequence[Embedded], str], tuple[tuple[Rule, ...], tuple[Note, ...]]]
    tables: Callable[[Sequence[Embedded], str, str], Graph]


@dataclass(frozen=True, slots=True)
class Options:
    """What a user can tell the front ends. `variables` are NAME=VALUE as Terraform takes them, `var_files` paths in order.

    `parameters` are those of the run, e.g. talos_version. `text_overrides` are per-directory variable files: directory → paths.
    `nft` reads nftables' text where a dialect holds some.
    """

    variables: tuple[tuple[str, str], ...] = ()
    var_files: tuple[str, ...] = ()
    parameters: Mapping[str, object] = field(default_factory=dict)
    var_files_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    nft: NftReader | None = None


@dataclass(frozen=True, slots=True)
class Format:
    """A dialect.

    `claims(path, head)` says cheaply whether a file is of this dialect: `head` are its first 4,096 bytes. `load` reads the claimed files
    into one graph; a file it cannot read becomes a note "unparsable" and the others are still read. `lints` imports their descriptions.
    """

    name: str
    title: str
    claims: Callable[[str, bytes], bool]
    load: Callable[[Tree, Sequence[str], Options], Graph]
    lints: Callable[[], tuple[Lint, ...]]
