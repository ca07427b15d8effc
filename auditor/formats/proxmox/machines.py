"""The guests' own configuration files: which network devices they have, and whether those are filtered.

Only what bears on packets is taken up; passwords and keys stand in the same files, and are never looked at.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor import lazyre
from auditor.formats.proxmox.document import lines_of
from auditor.formats.proxmox.record import Line
from auditor.model.headers import address_interval
from auditor.model.packets import Interval
from auditor.model.record import dataclass
from auditor.model.source import Source, Span, Unknown

PATH = lazyre.compile(r"(?:^|.*/)(?:nodes/([^/]+)/)?(qemu-server|lxc)/(\d+)\.conf")
_LINE = lazyre.compile(r"(name|hostname|tags|net\d+|ipconfig\d+):\s*(.*)")


@dataclass(frozen=True, slots=True)
class Nic:
    """A network device of a guest. `filtered`: its switch is on; a text says what is written instead. `addresses`: its own, if fixed."""

    name: str
    filtered: bool | Unknown
    span: Span
    bridge: str = ""
    addresses: tuple[Interval, ...] = ()
    stated: bool = False


@dataclass(frozen=True, slots=True)
class Machine:
    """A guest. `node` is where it runs, "" if that is not known; `nics` None: not known which it has."""

    number: str
    span: Span
    container: bool = False
    name: str = ""
    node: str = ""
    tags: tuple[str, ...] = ()
    nics: tuple[Nic, ...] | None = None
    aliases: tuple[str, ...] = ()


def read_machine(source: Source) -> Machine:
    """The guest of a configuration file; what its snapshots say is not current."""
    found = PATH.fullmatch(source.path)
    node, kind, number = found.groups() if found else (None, "qemu-server", "")
    values: dict[str, tuple[str, Line]] = {}
    for line in lines_of(source):
        if line.text.startswith("["):
            break
        written = _LINE.fullmatch(line.text)
        if written:
            values[written.group(1)] = written.group(2), line
    nics = tuple(sorted(_nics(values), key=lambda nic: (len(nic.name), nic.name)))
    name = next((values[key][0] for key in ("name", "hostname") if key in values), "")
    tags = tuple(tag for tag in values["tags"][0].replace(",", ";").replace(" ", ";").split(";") if tag) if "tags" in values else ()
    return Machine(number or "", Span.of_file(source.path), kind == "lxc", name, node or "", tags, nics)


def _nics(values: dict[str, tuple[str, Line]]) -> Iterator[Nic]:
    for key, (text, line) in values.items():
        if not key.startswith("net"):
            continue
        parts = _parts(text)
        cloud = _parts(values[f"ipconfig{key.removeprefix('net')}"][0]) if f"ipconfig{key.removeprefix('net')}" in values else {}
        written = [source.get(name, "") for source in (parts, cloud) for name in ("ip", "ip6")]
        addresses = tuple(interval for each in written if (interval := _address(each)) is not None)
        yield Nic(key, parts.get("firewall") == "1", line.span, parts.get("bridge", ""), addresses, "firewall" in parts)


def _parts(text: str) -> dict[str, str]:
    return {name: value for name, equals, value in (part.partition("=") for part in text.split(",")) if equals}


def _address(text: str) -> Interval | None:
    """A fixed address; dhcp, auto and manual are none."""
    try:
        return address_interval(text.partition("/")[0])
    except ValueError:
        return None


def held(nics: tuple[Nic, ...]) -> tuple[Interval, ...]:
    """Every fixed address of the devices."""
    return tuple(each for nic in nics for each in nic.addresses)
