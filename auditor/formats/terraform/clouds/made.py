"""Resources that nobody wrote: what a module that is not here would make of its arguments. They are read like any other."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from auditor.formats.terraform.clouds.reading import inside
from auditor.formats.terraform.resources import Arguments, Entries
from auditor.formats.terraform.values import Value, null
from auditor.model.record import dataclass, field
from auditor.model.source import Span, Unknown


@dataclass(frozen=True, slots=True)
class Made:
    """A resource instance with these arguments. `span` is the text of the module call that it comes of."""

    address: str
    type: str
    span: Span
    values: Mapping[str, Value] = field(default_factory=dict)
    doubt: Unknown | None = None
    module: str = ""
    name: str = ""
    key: int | str | None = None

    @property
    def certain(self) -> bool:
        return self.doubt is None

    def names(self) -> Collection[str]:
        return self.values.keys()

    def get(self, name: str) -> Value:
        return self.values.get(name) or null()

    def span_of(self, name: str) -> Span:
        value = self.values.get(name)
        return value.span if value is not None and value.span is not None and inside(value.span, self.span) else self.span

    def blocks(self, name: str) -> tuple[Arguments, ...]:  # noqa: ARG002  (it has none)
        return ()

    def entries(self, name: str) -> Entries:  # noqa: ARG002  (it has none)
        return Entries((), managed=False)

    def ignored_changes(self) -> tuple[str, ...]:
        return ()
