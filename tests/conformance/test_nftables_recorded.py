"""What the kernel did with recorded packets, against what is read: never a definite verdict that the kernel contradicts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.analysis.bounds import Bounds, bounds
from auditor.files import DirectoryTree
from auditor.formats.nftables.convert import Stage, graph_of
from auditor.formats.nftables.fields import translated
from auditor.formats.nftables.setting import Way
from auditor.model.filters import ANY, Exactly, Filter, Rule, Verdict
from auditor.model.headers import ANYWHERE, IPV4, IPV6, address_interval, subtract_intervals
from auditor.model.packets import EVERYTHING, Field, Interval, PacketSet, field_set
from auditor.model.source import Span
from tests.conformance.nftables_kernel import (
    CASES,
    WAYS,
    Asked,
    blocked_by,
    interfaces,
    packet_of,
    read,
    read_json,
    same_everywhere,
    settle,
)

pytestmark = pytest.mark.skipif(not CASES.exists(), reason="the recorded verdicts are not here")

NAMES = sorted(path.parent.name for path in CASES.glob("*/ruleset.nft"))
NOWHERE = Span.of_file("")

TOLD_APART_BY_NOBODY = {
    ("interval-sets", "p008"): "nft 1.0.6 does not delete from an interval set in the same load, later ones may",
    ("nat", "p024"): "the addresses before a translation are not kept",
}
"""Packets that the kernel decides and the files, as they are read, do not: sound, and known."""

NOT_ITS_OWN_RESET = {("priorities", "p056")}
"""A packet that a `drop` stops: the oracle took the reset that answers another packet for its own."""

OLDER = {("priorities", "listed.nft")}
"""A listing made before two chains were added to the ruleset; the kernel is asked about it itself, in test_nftables_kernel."""

TEXTS = [(case, name) for case in NAMES for name in ("ruleset.nft", "listed.nft") if (CASES / case / name).exists()]


def lines(case: str, name: str) -> list[Any]:
    path = CASES / case / name
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()] if path.exists() else []


def own_addresses(case: str) -> tuple[Interval, ...] | None:
    path = CASES / case / "args"
    words = path.read_text().split() if path.exists() else []
    found = tuple(address_interval(word.split("=")[-1].split("/")[0]) for word in words if "=" in word)
    return found or None


def routed(stages: tuple[Stage, ...], way: Way, local: tuple[Interval, ...]) -> list[Filter]:
    """The filters of a way, with the kernel's routing behind prerouting: only what belongs on the way goes on.

    What was translated has been routed by the rule that did it.
    """
    wrong = subtract_intervals(ANYWHERE, local) if way is Way.INBOUND else local
    elsewhere = Rule(Exactly(field_set(Field.DESTINATION, wrong) - translated(1)), Verdict.DENY, NOWHERE)
    following: Filter | None = None
    arrived = [stage for stage in stages if stage.base.hook == "prerouting"]
    for stage in reversed(stages[len(arrived) :]):
        following = _stage(stage, following)
    following = Filter("routing", (elsewhere,), Verdict.PERMIT, NOWHERE, then=following)
    for stage in reversed(arrived):
        following = _stage(stage, following)
    return [following]


def _stage(stage: Stage, following: Filter | None) -> Filter:
    return Filter(stage.name, (*stage.rules, Rule(ANY, stage.default, NOWHERE)), stage.default, NOWHERE, then=following)


def filters_of(case: str, name: str, way: Way, auto: bool) -> list[Filter]:
    local = own_addresses(case)
    whole = ANYWHERE if way is Way.INBOUND else ()
    converted = read(DirectoryTree(CASES / case), name, local if auto else whole)
    if auto and local is not None:
        return routed(converted.stages[way], way, local)
    return [hook.filter for hook in graph_of(converted).hooks if str(way) in hook.id.split("/")]


class Case:
    """A recorded case's filters, made once."""

    def __init__(self, case: str, name: str) -> None:
        self.case, self.name = case, name
        self.filters: dict[tuple[Way, bool], list[Filter]] = {}

    def _of(self, way: Way, auto: bool) -> list[Filter]:
        if (way, auto) not in self.filters:
            self.filters[way, auto] = filters_of(self.case, self.name, way, auto)
        return self.filters[way, auto]

    def says(self, asked: Asked) -> frozenset[str]:
        if asked.get("hook") != "auto":
            return self._on(WAYS[asked.get("hook", "input")], asked, auto=False)
        here, beyond = self._on(Way.INBOUND, asked, auto=True), self._on(Way.TRANSIT, asked, auto=True)
        if frozenset(("accept",)) in (here, beyond):
            return frozenset(("accept",))
        return here | beyond if "accept" in here | beyond else frozenset(("drop", "reject"))

    def _on(self, way: Way, asked: Asked, auto: bool) -> frozenset[str]:
        filters, packet = self._of(way, auto), packet_of(asked)
        entry, exit_ = interfaces({**asked, "hook": {Way.INBOUND: "input", Way.TRANSIT: "forward", Way.OUTBOUND: "output"}[way]})
        ask, found = settle(entry, exit_), Bounds(EVERYTHING, EVERYTHING)
        only = one(packet)
        for filter_ in filters:
            found &= bounds(filter_, ask, only)
        if packet in found.surely:
            return frozenset(("accept",))
        if packet in found.maybe:
            return frozenset(("accept", "drop", "reject"))
        return frozenset((blocked_by(filters, packet, ask),)) if not auto else frozenset(("drop", "reject"))


def one(packet: Any) -> PacketSet:
    result = EVERYTHING
    for field in Field:
        value = packet.get(field, 0)
        result &= field_set(field, [(value, value)])
    return result


def masqueraded(case: str, asked: Asked) -> bool:
    """Whether a later chain tests the address that masquerade gave, one of the outgoing interface's: no ruleset says which."""
    return case == "nat" and asked["src"].startswith("10.0.0.") and asked.get("oif") == "wan0"


@pytest.mark.parametrize(("case", "name"), [text for text in TEXTS if text not in OLDER])
def test_every_recorded_packet_fares_as_the_kernel_had_it(case: str, name: str) -> None:
    read_case = Case(case, name)
    open_ = {line["id"]: frozenset(line["verdicts"]) for line in lines(case, "open.jsonl")}
    for asked, answer in zip(lines(case, "packets.jsonl"), lines(case, "verdicts.jsonl"), strict=True):
        says = read_case.says(asked)
        if (case, asked["id"]) in NOT_ITS_OWN_RESET:
            assert says == {"drop"}
            continue
        assert answer["verdict"] in says, f"{asked}: {says}, the kernel says {answer}"
        if asked["id"] in open_:
            kept_out = frozenset("accept" if verdict == "accept" else "kept out" for verdict in open_[asked["id"]])
            assert kept_out <= {verdict if verdict == "accept" else "kept out" for verdict in says}, (
                f"{asked}: {says} leaves out some of {open_[asked['id']]}"
            )
        elif (case, asked["id"]) not in TOLD_APART_BY_NOBODY and not masqueraded(case, asked):
            assert says <= {"accept"} or "accept" not in says, f"{asked} is decided, and not here"


@pytest.mark.parametrize("case", [name for name in NAMES if (CASES / name / "listed.json").exists()])
def test_a_ruleset_reads_the_same_as_text_and_as_json(case: str) -> None:
    json = (CASES / case / "listed.json").read_text()
    assert same_everywhere(read(DirectoryTree(CASES / case), "listed.nft"), read_json(json))


def test_the_families_are_told_apart() -> None:
    """The helpers above tell IPv4 from IPv6: a packet belongs to one."""
    assert field_set(Field.SOURCE, [IPV4]) - field_set(Field.SOURCE, [IPV6]) is field_set(Field.SOURCE, [IPV4])
    assert Path(CASES).is_dir()
