"""What the ingress firewall lets through, packet by packet."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.files import MemoryTree
from auditor.formats.base import Options
from auditor.formats.talos import FORMAT
from auditor.model.filters import Decision, Fact, Predicate, Verdict
from auditor.model.graph import Endpoint, Graph, Hook
from auditor.model.headers import Protocol, address_interval
from auditor.model.packets import Field, State

EXAMPLE = (Path(__file__).resolve().parents[3] / "fixtures/talos/worked-example/block.yaml").read_text()
NUMBERS = {"tcp": Protocol.TCP, "udp": Protocol.UDP, "icmp": Protocol.ICMP, "icmpv6": Protocol.ICMPV6, "sctp": Protocol.SCTP}


def graph(text: str, version: str | None = None) -> Graph:
    options = Options(parameters={"talos_version": version} if version else {})
    return FORMAT.load(MemoryTree({"worker.yaml": text}), ["worker.yaml"], options)


def hook(text: str, version: str | None = None) -> Hook:
    return graph(text, version).hooks[0]


def packet(source: str, target: str, service: str, state: State = State.NEW) -> dict[Field, int]:
    protocol, _, port = service.partition("/")
    return {
        Field.SOURCE: address_interval(source)[0],
        Field.DESTINATION: address_interval(target)[0],
        Field.PROTOCOL: NUMBERS[protocol],
        Field.SOURCE_PORT: 50123,
        Field.DESTINATION_PORT: int(port),
        Field.STATE: state,
    }


def ask(predicate: Predicate) -> bool | None:
    assert predicate.fact is Fact.ITSELF
    return False


def passes(at: Hook, source: str, service: str, target: str | None = None) -> bool | None:
    """True, False, or None where the configuration does not decide."""
    where = target or ("fd00::5" if ":" in source else "10.0.1.5")
    what = packet(source, where, service)
    permit, deny = at.filter.first_match(what, ask, Verdict.PERMIT), at.filter.first_match(what, ask, Verdict.DENY)
    return None if permit and deny else permit is not None


@pytest.mark.parametrize(
    ("source", "service", "block", "accept"),
    [
        ("10.0.1.7", "tcp/10250", True, True),
        ("10.0.9.7", "tcp/10250", False, False),
        ("192.0.2.1", "tcp/10250", False, False),
        ("fd00::7", "tcp/10250", False, False),
        ("192.0.2.1", "tcp/50000", True, True),
        ("fd00::7", "tcp/50000", False, False),
        ("10.0.1.9", "tcp/2379", False, False),
        ("10.0.2.2", "tcp/8443", True, False),
        ("fd00::7", "tcp/8443", True, False),
        ("fd00::7", "tcp/8444", True, True),
        ("10.0.1.2", "tcp/7000", False, False),
        ("10.0.1.2", "udp/123", False, True),
        ("10.0.1.2", "sctp/9999", False, True),
        ("10.0.1.2", "tcp/30080", False, True),
    ],
)
def test_the_worked_example_comes_out_as_the_kernel_decides_it(source: str, service: str, block: bool, accept: bool) -> None:
    assert passes(hook(EXAMPLE), source, service) is block
    assert passes(hook(EXAMPLE.replace("ingress: block", "ingress: accept")), source, service) is accept


def test_pods_reach_the_hosts_dns_and_each_other_without_a_rule() -> None:
    assert passes(hook(EXAMPLE), "10.244.3.4", "udp/53", "169.254.116.108") is True
    assert passes(hook(EXAMPLE), "10.244.3.4", "tcp/80", "10.244.0.9") is True
    assert passes(hook(EXAMPLE.replace("forwardKubeDNSToHost: true", "")), "10.244.3.4", "udp/53", "169.254.116.108") is False


def test_icmp_is_limited_and_so_undecided_and_timestamps_are_dropped_from_1_11_on() -> None:
    echo, timestamp = 8 * 256, 13 * 256
    assert passes(hook(EXAMPLE), "10.0.1.2", f"icmp/{echo}") is None
    assert passes(hook(EXAMPLE), "10.0.1.2", f"icmp/{timestamp}") is False
    assert passes(hook(EXAMPLE, "1.10"), "10.0.1.2", f"icmp/{timestamp}") is None


RULE = """---
apiVersion: v1alpha1
kind: NetworkRuleConfig
name: {name}
portSelector: {{ports: {ports}, protocol: {protocol}}}
ingress: {ingress}
"""
BASE = "version: v1alpha1\nmachine: {type: worker}\ncluster: {controlPlane: {endpoint: 'https://10.0.0.1:6443'}}\n"
DEFAULT = "---\napiVersion: v1alpha1\nkind: NetworkDefaultActionConfig\ningress: %s\n"


def firewall(action: str, *rules: str) -> str:
    return BASE + DEFAULT % action + "".join(rules)


def rule(name: str, ports: str, ingress: str, protocol: str = "tcp") -> str:
    return RULE.format(name=name, ports=ports, ingress=ingress, protocol=protocol)


def test_an_icmp_rule_for_all_ports_lets_in_all_icmp_of_its_sources() -> None:
    at = hook(firewall("block", rule("ping", "[0-65535]", "[{subnet: 10.0.0.0/8}]", "icmp")))
    assert passes(at, "10.1.2.3", f"icmp/{8 * 256}") is True
    assert passes(at, "192.0.2.1", f"icmp/{8 * 256}") is None


def test_an_icmp_rule_for_some_ports_decides_nothing() -> None:
    at = hook(firewall("accept", rule("ping", "[8]", "[{subnet: 10.0.0.0/8}]", "icmp")))
    assert passes(at, "192.0.2.1", f"icmp/{8 * 256}") is None
    assert passes(at, "10.1.2.3", f"icmp/{8 * 256}") is True


def test_without_default_action_and_rules_there_is_no_filter() -> None:
    assert graph(BASE).hooks == ()
    assert graph(BASE).zones[0].values("host-firewall") == ("none",)


@pytest.mark.parametrize("action", ["accept", "", "null"])
def test_a_default_action_that_accepts_without_rules_lets_everything_in(action: str) -> None:
    found = graph(firewall(action))
    assert found.zones[0].values("host-firewall") == ("none",)
    filter_ = found.hooks[0].filter
    assert (filter_.rules, filter_.default, filter_.default_span) == ((), Verdict.PERMIT, found.hooks[0].span)
    assert not found.guards(Endpoint("node", zones=frozenset({found.zones[0].id})))


def test_block_is_stateful_and_accept_is_not() -> None:
    some = rule("web", "[80]", "[{subnet: 10.0.0.0/8}]")
    assert hook(firewall("block", some)).stateful
    assert not hook(firewall("accept", some)).stateful


def test_a_rule_is_blamed_at_the_subnet_that_decides() -> None:
    at = hook(EXAMPLE)
    decision = at.filter.first_match(packet("10.244.0.7", "10.0.1.5", "tcp/10250"), ask)
    assert isinstance(decision, Decision)
    assert decision.rule is not None
    assert (decision.rule.name, str(decision.rule.span)) == ("kubelet", "worker.yaml:25:13")


def test_a_placeholder_in_a_subnet_leaves_the_rest_of_the_rule_in_force() -> None:
    at = hook(firewall("block", rule("web", "[80]", '[{subnet: 10.0.0.0/8}, {subnet: "${OFFICE}"}]')))
    assert passes(at, "10.1.2.3", "tcp/80") is True
    assert passes(at, "192.0.2.1", "tcp/80") is None
    assert passes(at, "192.0.2.1", "tcp/81") is False


def test_a_placeholder_in_an_except_may_take_anything_away() -> None:
    at = hook(firewall("block", rule("web", "[80]", '[{subnet: 10.0.0.0/8, except: "${GUESTS}"}]')))
    assert passes(at, "10.1.2.3", "tcp/80") is None
    assert passes(at, "192.0.2.1", "tcp/80") is False


def test_a_placeholder_among_the_ports_leaves_the_other_ports_in_force() -> None:
    at = hook(firewall("block", rule("web", '[80, "${PORT}"]', "[{subnet: 10.0.0.0/8}]")))
    assert passes(at, "10.1.2.3", "tcp/80") is True
    assert passes(at, "10.1.2.3", "tcp/81") is None


def test_nothing_is_decided_by_a_configuration_that_talos_refuses() -> None:
    at = hook(firewall("block", rule("web", "[80]", "[{subnet: 10.0.0.0/8}]"), rule("bad", '["81"]', "[{subnet: 10.0.0.0/8}]")))
    assert passes(at, "10.1.2.3", "tcp/80") is None
    assert passes(at, "10.1.2.3", "tcp/82") is None


def test_node_ports_escape_the_filter_before_1_10_and_where_kube_proxy_is_off() -> None:
    text = firewall("block", rule("web", "[80]", "[{subnet: 10.0.0.0/8}]"))
    assert passes(hook(text), "192.0.2.1", "tcp/30080") is False
    assert passes(hook(text, "1.9"), "192.0.2.1", "tcp/30080") is None
    off = text.replace("cluster: {", "cluster: {proxy: {disabled: true}, ")
    assert passes(hook(off), "192.0.2.1", "tcp/30080") is None


def test_sources_up_to_the_last_address_leave_everything_open_before_1_12_5() -> None:
    for sources in ("[{subnet: 128.0.0.0/1}]", "[{subnet: 0.0.0.0/0, except: 10.0.0.0/8}]", "[{subnet: 8000::/1}]"):
        for action in ("block", "accept"):
            text = firewall(action, rule("web", "[80]", sources), rule("api", "[443]", "[{subnet: 10.9.0.0/16}]"))
            assert passes(hook(text, "1.12.4"), "10.0.0.1", "tcp/443") is True
            assert passes(hook(text, "1.12.5"), "10.0.0.1", "tcp/443") is False
    everybody = firewall("block", rule("web", "[80]", "[{subnet: 0.0.0.0/0}]"))
    assert passes(hook(everybody, "1.12.4"), "10.0.0.1", "tcp/443") is False
    somebody = firewall("block", rule("web", "[80]", '[{subnet: "${NET}"}]'))
    assert passes(hook(somebody, "1.12.4"), "10.0.0.1", "tcp/443") is None


def test_a_port_that_directly_follows_another_may_be_lost_before_1_7_6() -> None:
    text = firewall("block", rule("api", "[50001, 50000, 80-90]", "[{subnet: 10.0.0.0/8}]"))
    assert passes(hook(text, "1.7.5"), "10.0.0.1", "tcp/50001") is None
    assert passes(hook(text, "1.7.5"), "10.0.0.1", "tcp/50000") is passes(hook(text, "1.7.5"), "10.0.0.1", "tcp/80") is True
    assert passes(hook(text, "1.7.6"), "10.0.0.1", "tcp/50001") is True


def test_what_a_node_sends_to_itself_needs_no_rule() -> None:
    at = hook(firewall("block", rule("web", "[80]", "[{subnet: 10.0.0.0/8}]")))
    assert at.filter.first_match(packet("10.0.1.5", "10.0.1.5", "tcp/2379"), lambda _: True, Verdict.PERMIT) is not None


def test_members_of_a_kubespan_may_come_unfiltered() -> None:
    text = firewall("block", rule("web", "[80]", "[{subnet: 10.0.0.0/8}]")).replace(
        "type: worker", "type: worker, network: {kubespan: {enabled: true}}"
    )
    at = hook(text)
    what = packet("10.0.2.2", "10.0.1.5", "tcp/2379")
    assert at.filter.first_match(what, lambda predicate: predicate.fact is Fact.MEMBER, Verdict.PERMIT) is not None
    assert at.filter.first_match(what, lambda _: False, Verdict.PERMIT) is None


prefixes = st.sampled_from(["0.0.0.0/0", "::/0", "10.0.0.0/8", "10.0.0.0/16", "10.0.1.0/24", "10.0.1.9/32", "fd00::/8", "fd00::7/128"])
entries = st.lists(st.tuples(prefixes, st.none() | prefixes), max_size=3)
rules_ = st.lists(st.tuples(st.sampled_from([(80, 80), (79, 81), (443, 443)]), entries), max_size=3)
addresses = st.sampled_from(["10.0.1.9", "10.0.1.7", "10.0.2.1", "192.0.2.1", "fd00::7", "2001:db8::1"])


def within(address: str, prefix: str) -> bool:
    low, high = address_interval(prefix)
    return low <= address_interval(address)[0] <= high


@settings(deadline=None)
@given(rules_, addresses, st.sampled_from([79, 80, 443, 8080]), st.booleans())
def test_the_filter_is_the_formula(
    rules: list[tuple[tuple[int, int], list[tuple[str, str | None]]]], source: str, port: int, block: bool
) -> None:
    """Block: some rule for the port has the source. Accept: every rule for the port has it. Excepts are pooled."""
    texts = []
    for index, ((low, high), listed) in enumerate(rules):
        parts = [f"{{subnet: '{subnet}'" + (f", except: '{except_}'" if except_ else "") + "}" for subnet, except_ in listed]
        texts.append(rule(f"r{index}", f"[{low}-{high}]", f"[{', '.join(parts)}]"))
    loaded = graph(firewall("block" if block else "accept", *texts))
    concerned = [listed for (low, high), listed in rules if low <= port <= high]
    has = [
        any(within(source, subnet) for subnet, _ in listed) and not any(except_ and within(source, except_) for _, except_ in listed)
        for listed in concerned
    ]
    expected = any(has) if block else all(has)
    got = passes(loaded.hooks[0], source, f"tcp/{port}", "fd00::5" if ":" in source else "172.16.0.5") if loaded.hooks else True
    assert got is expected
