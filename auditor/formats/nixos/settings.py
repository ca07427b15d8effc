"""What the definitions of an option come to: lists and texts add up, of single values the strongest counts.

What is not sure makes a value unknown; it never makes it a default.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from auditor.formats.nixos.options import Path
from auditor.formats.nixos.values import Definition, Flag, Number, Open, Perhaps, Value, Words, parts
from auditor.model.record import dataclass
from auditor.model.source import Span, Unknown

PLAIN = 100


@dataclass(frozen=True, slots=True)
class Switch:
    """A boolean option: `value` None where it is not known, for the reason in `unknown`. `span` None: it is the default."""

    value: bool | None
    span: Span | None = None
    unknown: Unknown | None = None

    @property
    def stated(self) -> bool:
        """Whether the configuration says it, rather than leaving it to its default."""
        return self.span is not None


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a list, or a piece of a text. `value` Open: any items. `unsure`: it may not be there."""

    value: Value
    unsure: Unknown | None = None


class Settings:
    """The options of one host. `final`: the definitions are all there are, merged by NixOS itself."""

    def __init__(self, definitions: Iterable[Definition], final: bool) -> None:
        self.final = final
        self._at: dict[Path, list[Definition]] = {}
        for each in definitions:
            self._at.setdefault(each.path, []).append(each)

    def __contains__(self, path: Path) -> bool:
        return path in self._at

    def definitions(self, *path: str) -> list[Definition]:
        """Those that count: the strongest sure ones, and unsure ones that are not weaker."""
        found = list(self._at.get(path, ()))
        for length in range(1, len(path)):
            found += (each for each in self._at.get(path[:length], ()) if isinstance(each.value, Open))
        strongest = min((each.priority for each in found if each.unsure is None), default=None)
        return [each for each in found if strongest is None or each.priority <= strongest]

    def all(self) -> Iterator[Definition]:
        """Every definition, whether it counts or not."""
        for found in self._at.values():
            yield from found

    def span(self, *path: str) -> Span | None:
        """Where something at or below `path` is set first."""
        return min((each.span for at, found in self._at.items() if at[: len(path)] == path for each in found), default=None)

    def forced(self, *path: str) -> bool:
        """Whether a definition surely takes the place of every plain one, those of modules that are not here among them."""
        return any(each.unsure is None and each.priority < PLAIN for each in self._at.get(path, ()))

    def together(self, other: Settings) -> Settings:
        """The options of both."""
        return Settings((each for found in (*self._at.values(), *other._at.values()) for each in found), self.final and other.final)

    def names(self, *path: str) -> list[str]:
        """The names below `path`, in order."""
        size = len(path)
        return list(dict.fromkeys(at[size] for at in self._at if len(at) > size and at[:size] == path))

    def switch(self, *path: str, default: bool | None = False) -> Switch:
        """A boolean; `default` None: what it is by default is not known."""
        sure: list[Flag] = []
        doubts: list[tuple[Value, Unknown]] = []
        for definition in self.definitions(*path):
            for value, unsure in _readings(definition):
                if isinstance(value, Flag) and unsure is None:
                    sure.append(value)
                elif unsure is not None or isinstance(value, Open):
                    doubts.append((value, unsure or _why(value)))
        standing = sure[0].value if sure else default
        for value, why in doubts:
            if not (isinstance(value, Flag) and value.value is standing):
                return Switch(None, value.span, why)
        return Switch(standing, sure[0].span if sure else None)

    def text(self, *path: str) -> Words | None:
        """A string that is surely this one."""
        found = [item.value for item in self.items(*path) if item.unsure is None]
        return found[0] if len(found) == 1 and isinstance(found[0], Words) and not found[0].gaps else None

    def items(self, *path: str) -> tuple[Item, ...]:
        """The items of a list, or the pieces of a text."""
        return tuple(
            Item(value, unsure) for definition in self.definitions(*path) for value, unsure in parts(definition.value, definition.unsure)
        )

    def number(self, *path: str) -> int | None:
        """A number that is surely this one."""
        found = [item.value for item in self.items(*path) if item.unsure is None]
        return found[0].value if len(found) == 1 and isinstance(found[0], Number) else None


def _readings(definition: Definition) -> Iterator[tuple[Value, Unknown | None]]:
    if isinstance(definition.value, Perhaps):
        for option in definition.value.options:
            yield option, definition.unsure or definition.value.unknown
    else:
        yield definition.value, definition.unsure


def _why(value: Value) -> Unknown:
    return value.unknown if isinstance(value, Open) else Unknown("the value is not literal", value.span)
