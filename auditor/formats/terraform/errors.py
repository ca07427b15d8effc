"""What can stop an evaluation: Terraform would refuse, or it cannot be decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.formats.terraform.places import Place

if TYPE_CHECKING:
    from auditor.formats.terraform.values import Value


class Refused(Exception):
    """Terraform would refuse this. `static` errors (undeclared names) cannot be caught by `try` and `can`."""

    def __init__(self, message: str, place: Place | None = None, *, static: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.static = static


class Exhausted(Refused):
    """Evaluating this would take too much time or memory here; Terraform might well do it. Not for `try` and `can` to catch."""

    def __init__(self, message: str, place: Place | None = None) -> None:
        super().__init__(message, place, static=True)


class Undecided(Exception):
    """A function's result depends on `value`, which is not known. `members`: the result is a collection of exactly these, in some order.

    `text` is what is known of a text.
    """

    def __init__(self, value: Value, members: tuple[Value, ...] = (), text: str | None = None) -> None:
        super().__init__("undecided")
        self.value = value
        self.members = members
        self.text = text
