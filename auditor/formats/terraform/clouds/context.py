"""What every reader of a provider's resources works with: the root module, the estate it fills, and the place for its remarks."""

from __future__ import annotations

from auditor.formats.terraform.lints import LEVELS
from auditor.formats.terraform.records import Estate, Group
from auditor.formats.terraform.resources import Resource, Root
from auditor.formats.terraform.values import Value, text_of
from auditor.model.record import dataclass, field
from auditor.model.source import Effect, Note, Span, Unknown


@dataclass(slots=True)
class Context:
    """The reading of one root module."""

    root: Root
    estate: Estate = field(default_factory=Estate)

    def note(self, trap: str, message: str, span: Span, effect: Effect, *related: tuple[str, Span]) -> None:
        """Remark on something, at the level the trap's lint has."""
        self.estate.notes[Note(trap, message, span, effect, LEVELS[trap], related)] = None

    def group(self, resource: Resource) -> Group:
        """The group that `resource` makes."""
        return self.estate.groups.setdefault(resource.address, Group(resource.address, resource.type, resource.span))

    def foreign(self, address: str, type_: str, unknown: Unknown, span: Span) -> Group:
        """The group `address`, which is made somewhere else."""
        return self.estate.groups.setdefault(address, Group(address, type_, span, foreign=unknown))

    def broken(self, span: Span) -> Unknown | None:
        """Why nothing written in the file of `span` is certain; None if the file is sound."""
        if span.path in self.root.broken_files():
            return Unknown(f"{span.path} is refused by Terraform, and what it says may be misread", span)
        return None

    def identity(self, value: Value) -> str | None:
        """The address of the resource whose id an unknown value is, e.g. `aws_security_group.a`; other symbols as they are."""
        reference = value.reference
        if reference is None or reference in self.estate.aliases:
            return self.estate.aliases.get(reference or "")
        for attribute in (".id", ".self_link", ".arn"):
            if reference.endswith(attribute):
                return reference[: -len(attribute)]
        return reference

    def address(self, value: Value) -> str | None:
        """The resource an id names: its address, its symbol, or `id:…` for a literal; None if that is not known at all."""
        return self.identity(value) if value.is_unknown else f"id:{text_of(value)}"
