"""Instances of modules and of the resources in them, evaluated on demand and each thing once.

A module instance knows its address and where its arguments come from; names in its expressions are looked up here. What a definition
evaluates to is kept, an error as an unknown value, so that it stops only what depends on it. A definition that needs itself is an error.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Sequence

from auditor.formats.terraform.arguments import BlockArguments, refused_value, value_or_unknown
from auditor.formats.terraform.bodies import Attribute, Block, MergedBody
from auditor.formats.terraform.errors import Refused
from auditor.formats.terraform.instances import Expansion, Instance, combined, expand
from auditor.formats.terraform.places import Place
from auditor.formats.terraform.scope import NoNames, Scope
from auditor.formats.terraform.shared import MAX_MODULES, Shared
from auditor.formats.terraform.sources import ModuleSource
from auditor.formats.terraform.syntax import Access, GetAttribute
from auditor.formats.terraform.types import ANY, STRING, Kind, Type
from auditor.formats.terraform.values import Cause, Hidden, Value, string, unknown
from auditor.formats.terraform.variables import Declaration, declaration, read_text, settle, unset_note
from auditor.model.source import Effect, Level, Note, Unknown

RULE_BLOCKS = ("ingress", "egress", "security_rule", "rule", "inbound_rule", "outbound_rule", "allow", "deny")
ALWAYS_TEXT = frozenset({"id", "arn", "self_link"})
DATA_TYPES = {("aws_availability_zones", "names"): Type(Kind.LIST, STRING)}
WORKSPACE = "terraform.workspace"
DEFAULT_WORKSPACE = "default"
Key = tuple[str, str, str]


class ResourceInstance(BlockArguments):
    """One instance of a `resource` or `data` block."""

    def __init__(self, module: Module, key: Key, block: Block, instance: Instance, address: str) -> None:
        scope = module.scope.with_names(instance.names) if instance.names else module.scope
        super().__init__(block.body, block.place, scope, module.shared.remarks, instance.doubt or module.doubt)
        self.module = module.address
        self.mode, self.type, self.name = key
        self.key = instance.key
        self.address = address


class MissingCall(BlockArguments):
    """One instance of a call of a module that is not here."""

    def __init__(self, module: Module, block: Block, instance: Instance, address: str) -> None:
        scope = module.scope.with_names(instance.names) if instance.names else module.scope
        super().__init__(block.body, block.place, scope, module.shared.remarks, instance.doubt or module.doubt)
        self.address = address

    @property
    def source(self) -> str:
        attribute = self.body.attribute("source")
        return (attribute.literal if attribute else None) or ""

    @property
    def version(self) -> str | None:
        attribute = self.body.attribute("version")
        return attribute.literal if attribute else None


class Module:
    """One instance of a module."""

    def __init__(
        self,
        shared: Shared,
        source: ModuleSource,
        address: str = "",
        path: tuple[str, ...] = (),
        call: BlockArguments | None = None,
        ancestors: tuple[str, ...] = (),
    ) -> None:
        shared.count += 1
        self.shared = shared
        self.source = source
        self.address = address
        self.path = path
        self.call = call
        self.ancestors = (*ancestors, source.directory)
        self.doubt: Unknown | None = call.doubt if call else None
        self.scope = Scope(self, shared.budget, shared.sources.tree, shared.root)
        self._known: dict[tuple[str, ...], Value | None] = {}
        self._resources: dict[Key, tuple[ResourceInstance, ...]] = {}
        self._expansions: dict[tuple[str, ...], Expansion] = {}
        self._children: dict[str, tuple[Module, ...]] = {}

    def full(self, name: str) -> str:
        """The address of something in this module."""
        return f"{self.address}.{name}" if self.address else name

    # Names in expressions

    def resolve(self, name: str, path: Sequence[Access], place: Place) -> tuple[Value, int]:
        """`Names.resolve`: what stands for `var.x`, `local.x`, `module.x`, `TYPE.NAME`, `data.TYPE.NAME`, `path.x`, `terraform.x`."""
        first = path[0] if path else None
        if isinstance(first, GetAttribute):
            if name == "var":
                return self.variable(first.name, place), 1
            if name == "local":
                return self.local(first.name, place), 1
        if name in ("each", "count", "self"):
            raise Refused(f'"{name}" means nothing here', place, static=True)
        wanted = 2 if name in ("data", "ephemeral", "resource") else 1
        names = [step.name for step in path[:wanted] if isinstance(step, GetAttribute)]
        if len(names) < wanted:
            raise Refused(f'"{name}" must be followed by a name', place, static=True)
        if name in ("data", "ephemeral", "resource"):
            return self.resource((name, names[0], names[1]), place), 2
        if name in ("module", "path"):
            return (self.module_value if name == "module" else self.path_value)(names[0], place), 1
        if name == "terraform":
            if names[0] == "workspace":
                return self._workspace(place), 1
            return unknown(f"terraform.{names[0]} is only known in a run", Cause.FUNCTION, place=place), 1
        return self.resource(("resource", name, names[0]), place), 1

    def _workspace(self, place: Place) -> Value:
        if self.shared.workspace is not None:
            return string(self.shared.workspace, place)
        self.shared.workspace = DEFAULT_WORKSPACE  # as Terraform has it; said once
        message = f"no workspace is selected here: it is taken to be `{DEFAULT_WORKSPACE}`; --var terraform.workspace=NAME says another"
        self.shared.remarks.add(Note("default-workspace", message, place.span, Effect.UNKNOWN, Level.NOTE))
        return string(DEFAULT_WORKSPACE, place)

    def _once(self, key: tuple[str, ...], place: Place, make: Callable[[], Value]) -> Value:
        """What `make` gives, evaluated at most once. Raises `Refused` if it needs itself."""
        if key in self._known:
            value = self._known[key]
            if value is None:
                raise Refused(f"{'.'.join(key)} depends on itself", place, static=True)
            return value
        self._known[key] = None
        try:
            value = make()
        except Refused as error:
            value = refused_value(error, place)
        except BaseException:
            del self._known[key]
            raise
        self._known[key] = value
        return value

    def local(self, name: str, place: Place) -> Value:
        attribute = self.source.locals.get(name)
        if attribute is None:
            return self._undeclared(f"local.{name}", place)
        known = self._known.get(("local", name))
        return known or self._once(
            ("local", name), place, lambda: value_or_unknown(attribute, self.scope).via(f"local.{name}", attribute.place)
        )

    def _undeclared(self, what: str, place: Place) -> Value:
        """Terraform refuses names that are declared nowhere; they may be in the part of a file that could not be read."""
        if self.source.broken:
            return unknown(f"{what} is not declared in what could be read of this module", Cause.ERROR, place=place)
        raise Refused(f"{what} is not declared", place, static=True)

    def variable(self, name: str, place: Place) -> Value:
        block = self.source.variables.get(name)
        if block is None:
            return self._undeclared(f"var.{name}", place)
        known = self._known.get(("var", name))
        if known is not None:
            return known
        value = self._once(("var", name), place, lambda: self._settled(block))
        self._validate(block)
        return value

    def _validate(self, block: Block) -> None:
        """Remark on a value that the variable's own conditions refuse."""
        for each in block.body.blocks("validation"):
            condition, said = each.body.attribute("condition"), each.body.attribute("error_message")
            if condition is not None and value_or_unknown(condition, self.scope).raw is False:
                why = (said.literal if said else None) or "a condition of it is not met"
                self.shared.remarks.refuse(f"variable {block.labels[0]}: {why}", condition.place)

    def _settled(self, block: Block) -> Value:
        name = block.labels[0]
        declared = self.source.declarations.get(name)
        if declared is None:
            declared = declaration(block, Scope(NoNames(), self.shared.budget, self.scope.tree, self.scope.directory))
            self.source.declarations[name] = declared
        if self.call is not None:
            attribute = self.call.body.attribute(name)
            if attribute is None and declared.default is None and declared.problem is None:
                raise Refused(f'the call of {self.address} gives no value for the required variable "{name}"', self.call.place)
            given = self.call.value(name).via(f"argument {name} of {self.address}", attribute.place) if attribute else None
            return settle(declared, given, self.full(f"var.{name}"))
        return settle(declared, self._root_value(declared), f"var.{name}")

    def _root_value(self, declared: Declaration) -> Value | None:
        given = self.shared.given.values.get(declared.name)
        if isinstance(given, Place):
            return read_text(declared, given, Scope(NoNames(), self.shared.budget, self.scope.tree, self.scope.directory))
        if given is None and declared.default is None:
            note = unset_note(declared, f"var.{declared.name}", self.shared.given.unused_files)
            self.shared.remarks.unset[note.span] = note
        return given

    def path_value(self, name: str, place: Place) -> Value:
        if name == "module":
            relative = posixpath.relpath(self.source.directory or ".", self.shared.root or ".")
            return string(relative, place)
        if name == "root":
            return string(".", place)
        if name == "cwd":
            return unknown("path.cwd depends on where Terraform is run", Cause.FUNCTION, STRING, reference="path.cwd", place=place)
        raise Refused(f"there is no path.{name}", place, static=True)

    # Resources

    def expansion(self, key: tuple[str, ...], block: Block) -> Expansion:
        """How many instances of a block there are. Raises `Refused` if that depends on the block itself."""
        if key not in self._expansions:
            mark = ("instances of", *key)
            if mark in self._known:
                raise Refused(f"the number of {'.'.join(key[1:])} depends on itself", block.place, static=True)
            self._known[mark] = None
            try:
                self._expansions[key] = expand(block.body, self._repetition)
            finally:
                del self._known[mark]
        return self._expansions[key]

    def _repetition(self, attribute: Attribute) -> Value:
        return value_or_unknown(attribute, self.scope)

    def resource_instances(self, key: Key) -> tuple[ResourceInstance, ...]:
        """Every instance of a resource."""
        if key not in self._resources:
            block = self.source.resources[key]
            base = self.full(".".join(key if key[0] != "resource" else key[1:]))
            try:
                expansion = self.expansion(key, block)
            except Refused as error:
                self.shared.remarks.refuse(error.message, error.place or block.place)
                return ()
            self._remark_on_override(key, block)
            self._resources[key] = tuple(
                ResourceInstance(self, key, block, instance, base + instance.suffix) for instance in expansion.instances
            )
        return self._resources[key]

    def asked_instances(self, key: Key) -> tuple[ResourceInstance, ...]:
        """The same for a converter, with a remark on what makes their number doubtful."""
        found = self.resource_instances(key)
        self._remark_on_repetition(key)
        return found

    def _remark_on_repetition(self, key: tuple[str, ...]) -> None:
        expansion = self._expansions.get(key)
        if expansion is not None and expansion.value is not None:
            self.shared.remarks.on_repetition(expansion.value, expansion.hidden)

    def _remark_on_override(self, key: Key, block: Block) -> None:
        if isinstance(block.body, MergedBody):
            for name, top in block.body.replaced(RULE_BLOCKS).items():
                message = f"this replaces every {name} block that {'.'.join(key[1:])} has in {block.place.file.path}"
                original = ("the original", block.place.span)
                self.shared.remarks.add(Note("override-hides-rules", message, top.place.span, Effect.NARROWED, Level.NOTE, (original,)))

    def resource(self, key: Key, place: Place) -> Value:
        """`TYPE.NAME` as a value: an object whose attributes are found when they are asked for, a tuple of them, or one by key."""
        block = self.source.resources.get(key)
        if block is None:
            return self._undeclared(".".join(key if key[0] != "resource" else key[1:]), place)
        return self._once(key, place, lambda: self._resource_value(key, block))

    def _resource_value(self, key: Key, block: Block) -> Value:
        expansion = self.expansion(key, block)
        base = self.full(".".join(key if key[0] != "resource" else key[1:]))
        objects = [self._open_object(instance) for instance in self.resource_instances(key)]
        return combined(expansion, objects, base, Cause.DATA if key[0] == "data" else Cause.COMPUTED)

    def _open_object(self, resource: ResourceInstance) -> Value:
        cause = Cause.DATA if resource.mode == "data" else Cause.COMPUTED
        reason = (
            f"{resource.address} is only known after apply"
            if cause is Cause.COMPUTED
            else f"{resource.address} is read when Terraform runs"
        )
        hidden = Hidden(
            reason, cause, resource.address, resource.place, attributes=lambda name: self._attribute(resource, name), not_null=True
        )
        return Value(hidden, ANY)

    def _attribute(self, resource: ResourceInstance, name: str) -> Value:
        """`TYPE.NAME.name`: what is written in the block, else something only the provider knows."""
        return self._once((resource.address, name), resource.place, lambda: self._attribute_value(resource, name))

    def _attribute_value(self, resource: ResourceInstance, name: str) -> Value:
        attribute = resource.body.attribute(name)
        if attribute is not None:
            value = resource.value(name)
            if not value.is_null:
                return value.via(f"{resource.address}.{name}", attribute.place)
        reference = f"{resource.address}.{name}"
        if resource.mode == "data":
            reason, cause = f"{reference} is read when Terraform runs", Cause.DATA
        else:
            reason, cause = f"{reference} is only known after apply", Cause.COMPUTED
        type_ = STRING if name in ALWAYS_TEXT else DATA_TYPES.get((resource.type, name), ANY)
        return Value(Hidden(reason, cause, reference, resource.place, not_null=name in ALWAYS_TEXT), type_)

    # Modules

    def children(self, name: str) -> tuple[Module, ...]:
        """The instances of a called module; none if it is not here."""
        if name not in self._children:
            self._children[name] = self._called(name)
        return self._children[name]

    def _called(self, name: str) -> tuple[Module, ...]:
        block = self.source.calls[name]
        source = self.shared.locate(self.source, self.path, block)
        if source is None:
            return ()
        if source.directory in self.ancestors:
            self.shared.remarks.refuse(f"module {name} calls itself", block.place)
            return ()
        children = []
        for instance in self._call_instances(name, block):
            if self.shared.count >= MAX_MODULES:
                message = f"more than {MAX_MODULES} module instances: the rest was not evaluated"
                self.shared.remarks.add(Note("evaluation-error", message, block.place.span, Effect.UNKNOWN, Level.ERROR))
                break
            address = self.full(f"module.{name}{instance.suffix}")
            call = MissingCall(self, block, instance, address)
            children.append(Module(self.shared, source, address, (*self.path, name), call, self.ancestors))
        return tuple(children)

    def _call_instances(self, name: str, block: Block) -> tuple[Instance, ...]:
        try:
            instances = self.expansion(("module", name), block).instances
        except Refused as error:
            self.shared.remarks.refuse(error.message, error.place or block.place)
            return ()
        self._remark_on_repetition(("module", name))
        return instances

    def missing_calls(self) -> Iterator[MissingCall]:
        """The instances of calls whose module is not here."""
        for name, block in self.source.calls.items():
            if self.shared.locate(self.source, self.path, block) is None:
                for instance in self._call_instances(name, block):
                    yield MissingCall(self, block, instance, self.full(f"module.{name}{instance.suffix}"))

    def module_value(self, name: str, place: Place) -> Value:
        """`module.NAME` as a value: its outputs are evaluated when they are asked for."""
        block = self.source.calls.get(name)
        if block is None:
            return self._undeclared(f"module.{name}", place)
        return self._once(("module", name), place, lambda: self._module_value(name, block))

    def _module_value(self, name: str, block: Block) -> Value:
        expansion = self.expansion(("module", name), block)
        base = self.full(f"module.{name}")
        children = self.children(name)
        if len(children) == len(expansion.instances):
            objects = [self._outputs(child, block) for child in children]
        else:
            objects = [self._not_here(base + instance.suffix, block) for instance in expansion.instances]
        return combined(expansion, objects, base, Cause.MODULE)

    def _not_here(self, address: str, block: Block) -> Value:
        hidden = Hidden(f"{address} is not installed", Cause.MODULE, address, block.place, not_null=True)
        return Value(hidden, ANY)

    def _outputs(self, child: Module, block: Block) -> Value:
        hidden = Hidden(f"{child.address} as a whole", Cause.MODULE, child.address, block.place, attributes=child.output, not_null=True)
        return Value(hidden, ANY)

    def output(self, name: str) -> Value:
        """The output `name` of this module."""
        block = self.source.outputs.get(name)
        attribute = block.body.attribute("value") if block else None
        if block is None or attribute is None:
            assert self.call is not None
            return self._undeclared(f"output {name} of {self.address}", self.call.place)
        station = f"output {name} of {self.address}"
        return self._once(("output", name), block.place, lambda: value_or_unknown(attribute, self.scope).via(station, attribute.place))
