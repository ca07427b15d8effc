"""A model of terraform-aws-modules/security-group, for calls of it where it is not installed.

It makes one group and `aws_security_group_rule` resources out of lists of names and maps. A rule's ports come from its map, else from the
table of names; networks in maps are one text with commas; of a `computed_` list as many elements exist as its number says, none by
default. A submodule adds the rules of its name, everything from the group itself, and everything outbound.
"""

from __future__ import annotations

import os.path
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import cast

from auditor.formats.terraform.clouds.context import Context
from auditor.formats.terraform.clouds.made import Made
from auditor.formats.terraform.clouds.reading import doubt_about, elements, flag, set_here
from auditor.formats.terraform.resources import MissingModule
from auditor.formats.terraform.values import (
    Cause,
    Value,
    boolean,
    integer_of,
    number,
    object_value,
    string,
    text_of,
    tuple_value,
    unknown,
)
from auditor.model.record import dataclass
from auditor.model.source import Effect, Unknown

SOURCE = re.compile(
    r"(?:registry\.terraform\.io/)?terraform-aws-modules/security-group/aws(?://modules/(?P<sub>[\w-]+))?"
    r"|(?:git::)?(?:https://|ssh://git@|git@)?github\.com[/:]terraform-aws-modules/terraform-aws-security-group(?:\.git)?"
    r"(?://modules/(?P<gitsub>[\w-]+))?(?:\?.*)?"
)
DATA = os.path.join(os.path.dirname(__file__), "aws_security_group_module.json")
GROUP, RULE = "aws_security_group", "aws_security_group_rule"
DIRECTIONS = ("ingress", "egress")
OUTPUTS = ("security_group_id", "this_security_group_id")
EVERYWHERE = {"egress_cidr_blocks": ("0.0.0.0/0",), "egress_ipv6_cidr_blocks": ("::/0",)}
KINDS = {
    "with_cidr_blocks": "cidr_blocks",
    "with_ipv6_cidr_blocks": "ipv6_cidr_blocks",
    "with_source_security_group_id": "source_security_group_id",
    "with_self": "self",
    "with_prefix_list_ids": "prefix_list_ids",
}

PARTS = ("from_port", "to_port", "protocol")

Table = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class _Tables:
    rules: Mapping[str, list[int | str]]
    submodules: Mapping[str, list[str]]


@cache
def _tables() -> _Tables:
    import json

    with open(DATA, encoding="utf-8") as file:
        data = json.load(file)
    return _Tables(cast("Mapping[str, list[int | str]]", data["rules"]), cast("Mapping[str, list[str]]", data["submodules"]))


def is_modelled(call: MissingModule) -> bool:
    """Whether the call is of this module, or of a submodule that is known."""
    match = SOURCE.fullmatch(call.source)
    if match is None:
        return False
    sub = match["sub"] or match["gitsub"]
    return sub is None or sub in _tables().submodules


def made(context: Context) -> list[Made]:
    """What every call of the module makes; their outputs are entered as other names of the groups."""
    return [resource for call in context.root.missing_modules() if is_modelled(call) for resource in _Call(context, call).made()]


class _Call:
    """One call of the module."""

    def __init__(self, context: Context, call: MissingModule) -> None:
        self.context, self.call = context, call
        match = SOURCE.fullmatch(call.source)
        assert match is not None
        self.sub: str | None = match["sub"] or match["gitsub"]
        self.base = f"{call.address}.module.sg" if self.sub else call.address
        self.doubt = (call.doubt if not call.certain else None) or self._switch("create")
        self.table = self._table()
        self.group = self._group()

    # -- the group

    def _switch(self, name: str) -> Unknown | None:
        answer = flag(self.call.get(name)) if set_here(self.call.get(name)) else True
        return answer if isinstance(answer, Unknown) else None

    def _on(self, name: str) -> bool:
        """Whether a switch that is on by default is on, or may be."""
        return not set_here(self.call.get(name)) or flag(self.call.get(name)) is not False

    def _group(self) -> str:
        name = "this_name_prefix" if self._on("use_name_prefix") else "this"
        return f"{self.base}.{GROUP}.{name}[0]"

    def made(self) -> Iterator[Made]:
        if not self._on("create"):
            return
        owner = self.call.get("security_group_id")
        if self._on("create_sg"):
            self._rename()
            owner = unknown("is known after apply", Cause.COMPUTED, reference=f"{self.group}.id")
            yield self._made_group()
        for direction in DIRECTIONS:
            yield from self._rules(direction, owner)

    def _rename(self) -> None:
        for output in OUTPUTS:
            self.context.estate.aliases[f"{self.call.address}.{output}"] = self.group

    def _made_group(self) -> Made:
        values = {"vpc_id": self.call.get("vpc_id"), "name": self.call.get("name")}
        label = text_of(self.call.get("name"))
        tags = {**({"Name": string(label)} if label else {}), **self.call.get("tags").items}
        values["tags"] = object_value(tags)
        return Made(self.group, GROUP, self.call.span, values, self.doubt)

    # -- the table of named rules

    def _table(self) -> Mapping[str, Table]:
        """Name → from_port, to_port, protocol: the caller's own `rules`, else the module's."""
        given = self.call.get("rules")
        if set_here(given) and not given.is_unknown:
            return {name: _entry(entry.elements) for name, entry in given.items.items()}
        return {name: _entry(tuple(_value(part) for part in entry)) for name, entry in _tables().rules.items()}

    # -- rules

    def _rules(self, direction: str, owner: Value) -> Iterator[Made]:
        for prefix in ("", "computed_"):
            common = {"type": string(direction), "security_group_id": owner}
            named = self._counted(f"{prefix}{direction}_rules", self._added(f"{prefix}{direction}_rules"))
            for index, (element, doubt) in enumerate(named):
                yield self._rule(f"{prefix}{direction}_rules", index, element, doubt, common | self._named(direction, element))
            for kind, argument in KINDS.items():
                name = f"{prefix}{direction}_{kind}"
                for index, (element, doubt) in enumerate(self._counted(name, self._added(name))):
                    yield self._rule(name, index, element, doubt, common | self._mapped(direction, argument, element))

    def _added(self, name: str) -> tuple[tuple[Value, Unknown | None], ...]:
        """What a submodule adds to a list by itself, unless the call says what (in `auto_ingress_rules` and the like)."""
        if self.sub is None:
            return ()
        given = self.call.get(f"auto_{name}")
        if set_here(given):
            return tuple(elements(given))
        if name == "ingress_with_self":
            return ((object_value({"rule": string("all-all")}), None),)
        names = {"ingress_rules": _tables().submodules[self.sub], "egress_rules": ["all-all"]}.get(name, ())
        return tuple((string(each), None) for each in names)

    def _counted(self, name: str, added: tuple[tuple[Value, Unknown | None], ...]) -> tuple[tuple[Value, Unknown | None], ...]:
        """The elements that come to exist; of a computed list as many as its number says."""
        listed = [*added, *elements(self.call.get(name))]
        if self.sub and name.endswith("gress_rules"):
            texts: dict[str, tuple[Value, Unknown | None]] = {}
            for each in listed:
                texts.setdefault(text_of(each[0]) or repr(each[0]), each)
            listed = [texts[key] for key in sorted(texts)]
        if not name.startswith("computed_"):
            return tuple(listed)
        count = self.call.get(f"number_of_{name}")
        if count.is_unknown:
            return tuple((each, doubt or doubt_about(count, self.call.span)) for each, doubt in listed)
        amount = (integer_of(count) or 0) + (integer_of(self.call.get(f"auto_number_of_{name}")) or 0 if self.sub else 0)
        if amount < len(listed):
            missing = (
                f"{name} has {len(listed)} elements and number_of_{name} is {amount}: {len(listed) - amount} of the rules do not exist"
            )
            self.context.note("computed-number-missing", missing, self.call.span_of(name), Effect.DROPPED)
        return tuple(listed[:amount])

    def _rule(self, name: str, index: int, element: Value, doubt: Unknown | None, values: dict[str, Value]) -> Made:
        span = element.span or self.call.span_of(name)
        return Made(f"{self.base}.{RULE}.{name}[{index}]", RULE, span, values, doubt or self.doubt)

    def _named(self, direction: str, element: Value) -> dict[str, Value]:
        """A rule by its name alone: from the networks and prefix lists that the call names for all."""
        values = {each: self._networks(f"{direction}_{each}") for each in ("cidr_blocks", "ipv6_cidr_blocks")}
        values["prefix_list_ids"] = self.call.get(f"{direction}_prefix_list_ids")
        return values | self._ports(element, object_value({}))

    def _networks(self, name: str) -> Value:
        given = self.call.get(name)
        if not given.is_null or name not in EVERYWHERE:
            return given
        return tuple_value(string(text) for text in EVERYWHERE[name])

    def _mapped(self, direction: str, argument: str, element: Value) -> dict[str, Value]:
        """A rule by its map."""
        if element.is_unknown:
            hidden = dict.fromkeys(("from_port", "to_port", "protocol"), element)
            return hidden | {argument: element if argument != "self" else boolean(True)}
        given = element.items.get(argument)
        values: dict[str, Value] = {}
        if argument == "self":
            values["self"] = given or boolean(True)
        elif argument == "source_security_group_id":
            values[argument] = given or string("")
        else:
            values[argument] = _split(given) if given is not None else self._networks(f"{direction}_{argument}")
        if argument not in ("cidr_blocks", "prefix_list_ids"):
            values["prefix_list_ids"] = self.call.get(f"{direction}_prefix_list_ids")
        return values | self._ports(element.items.get("rule", string("_")), element)

    def _ports(self, rule: Value, element: Value) -> dict[str, Value]:
        """Ports and protocol: the map's own, else those of the named rule."""
        own = {name: element.items[name] for name in PARTS if name in element.items}
        if rule.is_unknown:
            return dict.fromkeys(("from_port", "to_port", "protocol"), rule) | own
        name = text_of(rule) or ""
        if name not in self.table:
            span = rule.span or self.call.span
            self.context.note("evaluation-error", f"the module has no rule {name!r}: the plan fails", span, Effect.REFUSED)
            missing = unknown(f"the module has no rule {name!r}", Cause.ERROR, place=rule.place)
            return dict.fromkeys(("from_port", "to_port", "protocol"), missing) | own
        return {**self.table[name], **own}


def _entry(parts: tuple[Value, ...]) -> Table:
    return dict(zip(PARTS, parts, strict=False))


def _value(part: int | str) -> Value:
    return number(part) if isinstance(part, int) else string(part)


def _split(value: Value) -> Value:
    """A text with commas as a list; each part stands where the text stands."""
    text = text_of(value)
    if text is None:
        return tuple_value([value], value.place)
    return tuple_value((string(part, value.place).through(value.trail_) for part in text.split(",") if part), value.place)
