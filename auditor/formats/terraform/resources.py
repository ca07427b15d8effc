"""The interface between reading Terraform and converting its firewalls: resource instances with evaluated arguments.

Both ways of reading, sources (`modules.load_root`) and plans (`plan.load_plan`), give a `Root`. A converter asks it for the
resource types it knows and nothing else is evaluated:

    root = load_root(tree, "environments/prod", Options())
    for group in root.resources({"aws_security_group"}):
        group.address                      # module.net.aws_security_group.node["cp"]
        group.get("name")                  # a Value: known, null (not set), or unknown
        group.entries("ingress")           # blocks `ingress { }`, dynamic "ingress" and `ingress = [{…}]` alike
        group.blocks("ingress")[0].get("cidr_blocks").elements[0].span

References. An attribute that is set in the configuration has the value it is set to, wherever it is used. One that is not
(id, arn, …) is unknown with the reference "<address>.<attribute>", e.g. `module.net.aws_security_group.node["cp"].id`, and
keeps it through variables, locals, lists, functions that only pass elements on, module arguments and outputs. So the group
that `security_group_id` names is found by its reference. Data sources: `module.net.data.aws_vpc.main.id`.

Instances that cannot be counted (count or for_each is unknown) come out once, with `certain` False and `[?]` as key: zero or
more of them exist, `each`/`count` inside are unknown. `count = unknown ? 1 : 0` comes out as `[0]` with `certain` False.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Protocol

from auditor.formats.terraform.values import Value
from auditor.model.record import dataclass
from auditor.model.source import Note, Span, Unknown


class Arguments(Protocol):
    """A body with evaluated arguments: a resource's, a nested block's, a module call's."""

    @property
    def span(self) -> Span:
        """The block's type and labels (or `content`'s, or the object's), for what concerns the block as a whole."""
        ...

    @property
    def certain(self) -> bool:
        """Whether exactly one such block exists; False: zero or more of this shape."""
        ...

    @property
    def doubt(self) -> Unknown | None:
        """Why the block is not certain, None if it is."""
        ...

    def names(self) -> Collection[str]:
        """The arguments and nested block types written here."""
        ...

    def get(self, name: str) -> Value:
        """The argument's value; null if it is not set. A known value has the type it was written with, not the schema's."""
        ...

    def span_of(self, name: str) -> Span:
        """Where the argument `name` is written (name and value); the block's own span if it is not."""
        ...

    def blocks(self, name: str) -> tuple[Arguments, ...]:
        """The nested blocks of that type in source order, `dynamic` ones unrolled; one that is not `certain` for an unknown for_each."""
        ...

    def entries(self, name: str) -> Entries:
        """Nested blocks that may also be written as an attribute, `ingress { }` or `ingress = [{ }]`."""
        ...


@dataclass(frozen=True, slots=True)
class Entries:
    """What stands for an attribute-as-blocks argument.

    `managed`: something is said about it, be it an empty list (False: nothing, null, or only `dynamic` blocks that came out empty).
    `rest`: an unknown list, or unknown element, that may hold any further entries.
    """

    items: tuple[Arguments, ...]
    managed: bool
    rest: tuple[Value, ...] = ()
    span: Span | None = None


class Resource(Arguments, Protocol):
    """One instance of a `resource` (or `data`) block."""

    @property
    def address(self) -> str:
        """The full address with instance keys; of a data source without the module in front of `data.`: `module.net.data.aws_vpc.main`."""
        ...

    @property
    def module(self) -> str:
        """The address of the module instance it is in, "" for the root."""
        ...

    @property
    def type(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def key(self) -> int | str | None:
        """The instance's count.index or each.key; None without count and for_each, and where they are unknown."""
        ...

    def ignored_changes(self) -> tuple[str, ...]:
        """The first names in `lifecycle { ignore_changes }`; ("all",) for `all`."""
        ...


class MissingModule(Arguments, Protocol):
    """One instance of a `module` block whose source is not here. Its outputs have references "<address>.<output>"."""

    @property
    def address(self) -> str: ...

    @property
    def source(self) -> str:
        """As written, e.g. `terraform-aws-modules/security-group/aws//modules/ssh`."""
        ...

    @property
    def version(self) -> str | None: ...


class Root(Protocol):
    """A root module with everything below it, evaluated on demand."""

    @property
    def directory(self) -> str:
        """Relative to the tree, "" for the tree's own root."""
        ...

    def types(self) -> frozenset[str]:
        """Every type of resource or data source written anywhere in the module tree, whether or not an instance comes of it."""
        ...

    def resources(self, types: Collection[str]) -> Iterator[Resource]:
        """Every instance of these managed resource types, in order of module, file and position."""
        ...

    def data(self, types: Collection[str]) -> Iterator[Resource]:
        """Every instance of these data source types."""
        ...

    def missing_modules(self) -> Sequence[MissingModule]:
        """The module calls that could not be followed. Groups passed into one may get rules that are not seen."""
        ...

    def broken_files(self) -> Sequence[str]:
        """Files of the module tree that Terraform refuses: nothing may be called absent on their strength."""
        ...

    def notes(self) -> tuple[Note, ...]:
        """What was seen so far, in order of place. Ask last: evaluation adds to it."""
        ...
