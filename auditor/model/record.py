"""Frozen, slotted dataclasses that cost a fifth of the standard library's to define: a small run is mostly imports.

For a type checker this is `dataclasses`. At run time only `__init__` is compiled for a class. What is
supported is what is used here: `frozen`, `slots`, `eq`, `order`, `replace`, `fields`, `asdict`,
and `field`; methods written by hand are kept.
"""

from __future__ import annotations

import operator
from operator import attrgetter
from types import MemberDescriptorType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace

    __all__ = ["asdict", "dataclass", "field", "fields", "is_dataclass", "replace"]
else:
    _MISSING = object()
    _NOT_GIVEN = object()

    class _Field:
        __slots__ = ("compare", "default", "factory", "hash", "init", "repr")

        def __init__(self, default: Any, factory: Any, init: bool, repr_: bool, compare: bool, hash_: bool | None = None) -> None:
            self.default, self.factory, self.init, self.repr, self.compare = default, factory, init, repr_, compare
            self.hash = compare if hash_ is None else hash_

    def field(
        *,
        default: Any = _MISSING,
        default_factory: Any = _MISSING,
        init: bool = True,
        repr: bool = True,  # noqa: A002  (the name that dataclasses has)
        compare: bool = True,
        hash: bool | None = None,  # noqa: A002  (likewise)
    ) -> Any:
        """What `dataclasses.field` is, for the arguments named."""
        return _Field(default, default_factory, init, repr, compare, hash)

    def replace(record: Any, /, **changes: Any) -> Any:
        """A copy of `record` with some fields changed."""
        for name in record.__record_init__:
            if name not in changes:
                changes[name] = getattr(record, name)
        return type(record)(**changes)

    def fields(record: Any) -> tuple[Any, ...]:
        """The fields of a record or its class, each with its `name`."""
        kind = record if isinstance(record, type) else type(record)
        names: dict[str, _Field] = {}
        for base in reversed(kind.__mro__):
            names.update(base.__dict__.get("__record_fields__", {}))
        return tuple(_Named(name) for name in names)

    def is_dataclass(value: Any) -> bool:
        """Whether `value` is a record or its class."""
        return hasattr(value, "__record_fields__")

    def asdict(value: Any) -> Any:
        """A record as a dict, and so are the records in it."""
        if is_dataclass(value):
            return {each.name: asdict(getattr(value, each.name)) for each in fields(value)}
        if isinstance(value, list | tuple):
            return type(value)(map(asdict, value))
        return {asdict(key): asdict(each) for key, each in value.items()} if isinstance(value, dict) else value

    class _Named:
        __slots__ = ("name",)

        def __init__(self, name: str) -> None:
            self.name = name

    def dataclass(cls: Any = None, /, **options: bool) -> Any:
        """What `dataclasses.dataclass` is, for the options named."""
        return _build(cls, **options) if cls is not None else lambda decorated: _build(decorated, **options)

    def _build(cls: Any, *, frozen: bool = False, slots: bool = False, eq: bool = True, order: bool = False) -> Any:
        own = _own_fields(cls)
        fields: dict[str, _Field] = {}
        for base in reversed(cls.__mro__[1:]):
            fields.update(base.__dict__.get("__record_fields__", {}))
        fields.update(own)
        namespace = {key: value for key, value in cls.__dict__.items() if key not in ("__dict__", "__weakref__")}
        for name in own:
            namespace.pop(name, None)
            if not slots and own[name].default is not _MISSING:
                namespace[name] = own[name].default
        made = _methods(cls, fields, frozen, eq, order)
        for name, method in made.items():
            if name not in namespace or (namespace[name] is None and name == "__hash__"):
                namespace[name] = method
        if slots:
            inherited = {slot for base in cls.__mro__[1:] for slot in getattr(base, "__slots__", ())}
            namespace["__slots__"] = tuple(name for name in own if name not in inherited)
        namespace["__record_fields__"] = own
        namespace["__record_init__"] = tuple(name for name, each in fields.items() if each.init)
        namespace["__match_args__"] = namespace["__record_init__"]
        built = type(cls)(cls.__name__, cls.__bases__, namespace)
        built.__qualname__ = cls.__qualname__
        return built

    def _own_fields(cls: Any) -> dict[str, _Field]:
        found: dict[str, _Field] = {}
        for name, annotation in cls.__annotations__.items():
            if str(annotation).startswith(("ClassVar", "typing.ClassVar")):
                continue
            default = cls.__dict__.get(name, _MISSING)
            found[name] = default if isinstance(default, _Field) else _Field(default, _MISSING, True, True, True)
        return found

    def _methods(cls: Any, fields: dict[str, _Field], frozen: bool, eq: bool, order: bool) -> dict[str, Any]:
        shown = tuple(name for name, each in fields.items() if each.repr)
        made = {"__init__": _at_first(fields, frozen, hasattr(cls, "__post_init__")), "__repr__": _representation(shown)}
        if eq:
            made.update(_comparisons(_those(fields, "compare"), _those(fields, "hash"), frozen, order))
        if frozen:
            made.update(__setattr__=_no_setting, __delattr__=_no_deleting)
        return made

    def _at_first(fields: dict[str, _Field], frozen: bool, after: bool) -> Any:
        """An `__init__` that compiles the real one when the first object is made: most classes of a run never have one."""

        def __init__(self: Any, *values: Any, **named: Any) -> None:  # noqa: N807
            made = _initialiser(type(self), fields, frozen, after)
            for kind in type(self).__mro__:
                if kind.__dict__.get("__init__") is __init__:
                    kind.__init__ = made
            made(self, *values, **named)

        return __init__

    def _initialiser(cls: Any, fields: dict[str, _Field], frozen: bool, after: bool) -> Any:
        """`__init__`, the only method that is compiled for the class: it runs for every object. Slots of frozen ones are set directly."""
        scope: dict[str, Any] = {"_set": object.__setattr__, "_NOT_GIVEN": _NOT_GIVEN}
        parameters, body = ["self"], []
        for name, each in fields.items():
            value = name
            if each.factory is not _MISSING:
                scope[f"_f_{name}"] = each.factory
                value = f"_f_{name}() if {name} is _NOT_GIVEN else {name}" if each.init else f"_f_{name}()"
                parameters += [f"{name}=_NOT_GIVEN"] if each.init else []
            elif each.init and each.default is not _MISSING:
                scope[f"_d_{name}"] = each.default
                parameters.append(f"{name}=_d_{name}")
            elif each.init:
                parameters.append(name)
            else:
                continue
            slot = getattr(cls, name, None)
            if frozen and isinstance(slot, MemberDescriptorType):
                scope[f"_set_{name}"] = slot.__set__
                body.append(f"_set_{name}(self, {value})")
            else:
                body.append(f"_set(self, {name!r}, {value})" if frozen else f"self.{name} = {value}")
        if after:
            body.append("self.__post_init__()")
        exec(f"def __init__({', '.join(parameters)}):\n " + "\n ".join(body or ["pass"]), scope)  # noqa: S102  (field names only)
        return scope["__init__"]

    def _representation(shown: tuple[str, ...]) -> Any:
        def __repr__(self: Any) -> str:  # noqa: N807
            return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"

        return __repr__

    def _those(fields: dict[str, _Field], purpose: str) -> Any:
        """The values of the fields that serve the purpose, of one object."""
        names = [name for name, each in fields.items() if getattr(each, purpose)]
        return attrgetter(*names) if names else (lambda self: ())  # noqa: ARG005

    def _comparisons(key: Any, hashed: Any, frozen: bool, order: bool) -> dict[str, Any]:
        def compared(operation: Any) -> Any:
            def compare(self: Any, other: Any) -> Any:
                return operation(key(self), key(other)) if other.__class__ is self.__class__ else NotImplemented

            return compare

        made: dict[str, Any] = {"__eq__": compared(operator.eq), "__hash__": (lambda self: hash(hashed(self))) if frozen else None}
        if order:
            made.update(
                __lt__=compared(operator.lt), __le__=compared(operator.le), __gt__=compared(operator.gt), __ge__=compared(operator.ge)
            )
        return made

    def _no_setting(self: Any, name: str, value: Any) -> None:  # noqa: ARG001
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def _no_deleting(self: Any, name: str) -> None:  # noqa: ARG001
        raise FrozenInstanceError(f"cannot delete field {name!r}")

    class FrozenInstanceError(AttributeError):
        """An attempt to change a record."""
