"""Talos machine configurations that Terraform generates: machine type, version, and patches as texts in the order they are applied.

A patch whose text is not known is kept, with the reason: it may say anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from auditor.files import Tree
from auditor.formats.base import Options
from auditor.formats.terraform.load import load_roots
from auditor.formats.terraform.places import Place
from auditor.formats.terraform.resources import Resource, Root
from auditor.formats.terraform.scope import deep_stack
from auditor.formats.terraform.values import Value, is_sequence, text_of
from auditor.model.record import dataclass, replace
from auditor.model.source import Span

GENERATED = ("talos_machine_configuration",)
OLDER = {"talos_machine_configuration_controlplane": "controlplane", "talos_machine_configuration_worker": "worker"}
APPLIED = "talos_machine_configuration_apply"


@dataclass(frozen=True, slots=True)
class TalosPatch:
    """One patch. `text` None: it is not known, for the reason in `unknown`.

    `first_line`: the line of the file on which the text begins, if its lines are the file's (a heredoc, a file), `indent` characters
    further right. `doubt`: why it is not known whether the patch is there.
    """

    text: str | None
    span: Span
    unknown: str = ""
    first_line: int | None = None
    indent: int = 0
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class TalosMachine:
    """A machine configuration, by the address of what generates or applies it. `machine_type` is Talos's word, None if unknown."""

    name: str
    span: Span
    machine_type: str | None
    patches: tuple[TalosPatch, ...]
    version: str | None = None
    addresses: tuple[str, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()


@deep_stack()
def talos_machines(tree: Tree, paths: Sequence[str], options: Options) -> tuple[TalosMachine, ...]:
    """Every machine configuration of the root modules among `paths`."""
    return tuple(machine for root in load_roots(tree, paths, options) for machine in machines_of(root))


def machines_of(root: Root) -> Iterator[TalosMachine]:
    """Those of one root module: what is applied to nodes, and what is generated and applied nowhere here."""
    generated = {machine.name: machine for machine in _generated(root)}
    applied: set[str] = set()
    for resource in root.resources((APPLIED,)):
        source = resource.get("machine_configuration_input")
        name = (source.reference or "").removesuffix(".machine_configuration")
        base = generated.get(name) or TalosMachine(name, resource.span, None, (_not_here(source, resource),))
        applied.add(base.name)
        yield _applied(resource, base)
    yield from (machine for name, machine in generated.items() if name not in applied)


def _generated(root: Root) -> Iterator[TalosMachine]:
    for resource in root.data(GENERATED):
        yield _machine(resource, text_of(resource.get("machine_type")))
    for resource in root.resources(tuple(OLDER)):
        yield _machine(resource, OLDER[resource.type])


def _machine(resource: Resource, machine_type: str | None) -> TalosMachine:
    names = [("cluster", text)] if (text := text_of(resource.get("cluster_name"))) else []
    return TalosMachine(
        resource.address,
        resource.span,
        machine_type,
        tuple(_patches(resource)),
        version=text_of(resource.get("talos_version")),
        attributes=tuple(names),
    )


def _applied(resource: Resource, base: TalosMachine) -> TalosMachine:
    node = text_of(resource.get("node"))
    return replace(
        base,
        name=resource.address,
        span=resource.span,
        patches=(*base.patches, *_patches(resource)),
        addresses=(node,) if node is not None and node[:1].isdigit() else (),
    )


def _not_here(source: Value, resource: Resource) -> TalosPatch:
    reason = source.unknown.reason if source.is_unknown else "the configuration it starts from is not generated here"
    return TalosPatch(None, resource.span_of("machine_configuration_input"), reason)


def _patches(resource: Resource) -> Iterator[TalosPatch]:
    value = resource.get("config_patches")
    if value.is_null:
        return
    for patch in _members(value):
        yield from _choices(patch, patch.span or resource.span_of("config_patches"))


def _members(value: Value) -> tuple[Value, ...]:
    """The elements of the list; of one that is not known in whole, what is known of it."""
    if value.is_unknown:
        return value.hidden.members or (value,)
    return value.elements if is_sequence(value) else (value,)


def _choices(patch: Value, span: Span) -> Iterator[TalosPatch]:
    """A patch, or all that may stand in its place where a condition that is not known decides."""
    if not (patch.is_unknown and patch.hidden.choices):
        yield _patch(patch, span)
        return
    texts = [each for choice in patch.hidden.choices for each in (_members(choice) if is_sequence(choice) else (choice,))]
    for each in texts:
        if each.raw != "":
            yield replace(_patch(each, each.span or span), doubt=patch.unknown.reason)


def _patch(value: Value, span: Span) -> TalosPatch:
    text = value.hidden.text if value.is_unknown else text_of(value)
    if text is None:
        return TalosPatch(None, span, value.unknown.reason if value.is_unknown else "it is no text")
    if _is_path(text):
        return TalosPatch(None, span, f"the patch is the file {text.removeprefix('@')}, looked for where Terraform runs: write file(…)")
    place = value.place
    found = _lines_of(place, text) if place is not None else None
    return TalosPatch(text, span) if found is None else TalosPatch(text, span, first_line=found[0], indent=found[1])


def _is_path(text: str) -> bool:
    """Whether Talos takes a patch for the name of a file: with an @, or one word that is no JSON."""
    return text.startswith("@") or (len(text.split()) == 1 and text == text.strip() and text[0] not in "[{" and ":" not in text)


def _lines_of(place: Place, text: str) -> tuple[int, int] | None:
    """The line of the file on which a text's first line stands, and how far right its lines stand; None if they are not the file's."""
    written = place.text
    first, _, rest = written.partition("\n")
    heredoc = first.startswith("<<")
    if not heredoc and (place.start or place.end != len(place.file.data)):
        return None
    lines = (rest.rstrip("\n").rpartition("\n")[0] if heredoc else written.removesuffix("\n")).split("\n")
    shown = text.removesuffix("\n").split("\n")
    if len(lines) != len(shown) or any(
        a.strip() != b.strip() and "${" not in a and "%{" not in a for a, b in zip(lines, shown, strict=True)
    ):
        return None
    line = place.span.line + heredoc
    indents = [len(a) - len(b) for a, b in zip(lines, shown, strict=True) if a.endswith(b) and b]
    return line, indents[0] if heredoc and indents else 0
