"""What Talos's loader accepts and refuses, each at its place."""

from __future__ import annotations

import pytest

from auditor.files import MemoryTree
from auditor.formats.base import Options
from auditor.formats.talos import FORMAT
from auditor.formats.talos.canonical import canonical_mapping
from auditor.formats.talos.documents import Loaded, Shape, load
from auditor.formats.talos.validate import validate
from auditor.formats.talos.version import Version, parse_version
from auditor.model.source import Source

V113, V114 = Version(1, 13, 9), Version(1, 14, 0, 2, 1)
MANIFEST = "cluster:\n  inlineManifests:\n    - name: a\n      contents: |\n        a: {{ .Values.b }}\n        {{- end }}\n"
HEAD = "apiVersion: v1alpha1\nkind: NetworkRuleConfig\nname: web\n"


def patch(text: str, version: Version = V113) -> Loaded:
    return load(Source("p.yaml", text), version, patch=True)


def traps(text: str, version: Version = V113) -> list[tuple[str, int, int]]:
    return [(note.trap, note.span.line, note.span.column) for note in patch(text, version).notes]


def rule(ports: str = "80", subnet: str = "10.0.0.0/8", protocol: str = "tcp") -> str:
    return HEAD + f"portSelector:\n  ports: [{ports}]\n  protocol: {protocol}\ningress:\n  - subnet: {subnet}\n"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("80", "80"),
        ("0x50", "80"),
        ("0o17", "15"),
        ("0b101", "5"),
        ("1_000", "1000"),
        ("010", "8"),
        ("080", "80"),
        ("+80", "80"),
        ("1e3", "1000"),
        ("80.0", "80"),
        ("80-90", "80-90"),
        ("'80-90'", "80-90"),
        ("0080-0090", "80-90"),
        ("0", "0"),
        ("65535", "65535"),
    ],
)
def test_a_port_is_read_as_talos_reads_it(written: str, read: str) -> None:
    loaded = patch(rule(ports=written))
    assert not loaded.notes
    selector = canonical_mapping(loaded.documents[0].node, "NetworkRuleConfig")["portSelector"]
    assert isinstance(selector, dict)
    assert selector["ports"] == [read]


@pytest.mark.parametrize(
    ("written", "trap"),
    [
        ('"80"', "quoted-port"),
        ("'80 - 90'", "invalid-port"),
        ("80:90", "invalid-port"),
        ("22:30", "invalid-port"),
        ("'80,90'", "invalid-port"),
        ("80-", "invalid-port"),
        ("http", "invalid-port"),
        ("70000", "invalid-port"),
        ("-1", "invalid-port"),
        ("1.5", "invalid-port"),
        ("2001-12-14", "invalid-port"),
        ("0x10-0x20", "invalid-port"),
        ("true", "invalid-port"),
    ],
)
def test_what_is_no_port_is_refused_at_its_place(written: str, trap: str) -> None:
    assert traps(rule(ports=written)) == [(trap, 5, 11)]


def test_a_null_among_ports_disappears() -> None:
    assert traps(rule(ports="80, null")) == []


@pytest.mark.parametrize(
    "written", ["10.0.0.0/8", "10.0.0.5/8", '"FD00::/8"', '"::/0"', "0.0.0.0/0", '"::ffff:10.0.0.0/104"', '""', "null"]
)
def test_a_prefix_is_accepted(written: str) -> None:
    assert traps(rule(subnet=written)) == []


@pytest.mark.parametrize(
    ("written", "trap"),
    [
        ("10.0.0.5", "bare-address"),
        ('"fd00::5"', "bare-address"),
        ("10.0.0.0/255.0.0.0", "invalid-subnet"),
        ("10.0.0.0/33", "invalid-subnet"),
        ("10.0.0.0/08", "invalid-subnet"),
        ("010.0.0.0/8", "invalid-subnet"),
        ("10/8", "invalid-subnet"),
        ('"fe80::%eth0/64"', "invalid-subnet"),
        ("10.0.0.1-10.0.0.9", "invalid-subnet"),
        ("ntp.example", "invalid-subnet"),
        ('" 10.0.0.0/8"', "invalid-subnet"),
    ],
)
def test_what_is_no_prefix_is_refused_at_its_place(written: str, trap: str) -> None:
    assert traps(rule(subnet=written)) == [(trap, 8, 13)]


def test_the_remedy_is_in_the_message() -> None:
    assert "write 10.0.0.5/32" in patch(rule(subnet="10.0.0.5")).notes[0].message
    assert "write 80 without quotes" in patch(rule(ports='"80"')).notes[0].message
    assert "is ingress meant?" in patch(HEAD + "ingres: []\n").notes[0].message
    assert "is NetworkRuleConfig meant?" in patch(HEAD.replace("RuleC", "RulesC")).notes[0].message


@pytest.mark.parametrize("protocol", ["TCP", "Udp", "icmp", "ICMPv6"])
def test_a_protocol_is_read_without_regard_to_case(protocol: str) -> None:
    assert traps(rule(protocol=protocol)) == []


@pytest.mark.parametrize("protocol", ["sctp", "any", "tcp/udp", "icmp6", "6", '"tcp "'])
def test_other_protocols_are_refused(protocol: str) -> None:
    assert traps(rule(protocol=protocol)) == [("invalid-protocol", 6, 13)]


@pytest.mark.parametrize("written", ["yes", "on", "y", "TRUE", "no", "off", "n", "False"])
def test_a_boolean_has_the_spellings_of_yaml_1_1(written: str) -> None:
    assert traps(f"cluster: {{discovery: {{enabled: {written}}}}}\n") == []


@pytest.mark.parametrize("written", ["1", '"true"', "maybe"])
def test_other_booleans_are_refused(written: str) -> None:
    assert traps(f"cluster: {{discovery: {{enabled: {written}}}}}\n") == [("invalid-value", 1, 32)]


def test_a_name_is_text_whatever_it_looks_like() -> None:
    assert patch(HEAD.replace("web", "6443")).documents[0].name == "6443"
    assert patch(HEAD.replace("web", "on")).documents[0].name == "on"


def test_an_alias_for_an_address_is_read_since_1_14() -> None:
    text = HEAD + "portSelector: {ports: [80], protocol: tcp}\ningress:\n  - subnet: &a 10.0.0.0/8\n  - subnet: *a\n"
    assert traps(text) == [("alias", 7, 13)]
    assert traps(text, V114) == []


def test_a_kind_is_known_from_its_version_on() -> None:
    text = "apiVersion: v1alpha1\nkind: KubeNetworkConfig\npodSubnets: [10.1.0.0/16]\n"
    assert traps(text) == [("unknown-kind", 2, 7)]
    assert "v1.14" in patch(text).notes[0].message
    assert traps(text, V114) == []


@pytest.mark.parametrize(
    ("text", "shape"),
    [("", Shape.OPERATIONS), ("# nothing\n", Shape.OPERATIONS), ("- {op: remove, path: /machine/time}\n", Shape.OPERATIONS)],
)
def test_what_is_empty_or_a_list_is_a_json_patch(text: str, shape: Shape) -> None:
    assert patch(text).shape is shape


@pytest.mark.parametrize(
    "text",
    [
        "machine:\n  time:\n    servers:\n      {{- range .s }}\n",
        "a: {{ b }}\n",
        "machine:\n  #% for x in y %#\n",
        "  - #{ item }#\n",
        "{% if x %}\nmachine: {}\n",
        "machine:\n%{ if proxy }\n  env: {}\n%{ endif }\n",
        "machine:\n  kubelet:\n    image: %{~if own}a%{else}b%{endif}\n",
    ],
)
def test_a_template_is_told_and_not_read(text: str) -> None:
    (note,) = patch(text).notes
    assert note.trap == "unrendered-template"
    assert patch(text).shape is Shape.UNREADABLE


@pytest.mark.parametrize(
    "text", ["# {{ a }}\nmachine: {}\n", 'machine: {env: {a: "{{ b }}"}}\n', "machine: {} # see {{ docs }}\n", MANIFEST]
)
def test_braces_in_comments_quotes_and_block_texts_are_no_template(text: str) -> None:
    assert patch(text).shape is Shape.DOCUMENTS


@pytest.mark.parametrize(
    ("text", "trap"),
    [("${PORT}", "unresolved-variable"), ('"op://vault/item"', "unresolved-variable"), ('"ENC[AES256_GCM,data:x]"', "encrypted-file")],
)
def test_a_placeholder_in_a_port_is_told_and_refuses_nothing(text: str, trap: str) -> None:
    loaded = patch(rule(ports=f'"{text}"' if "$" in text else text))
    assert [note.trap for note in loaded.notes] == [trap]
    assert not loaded.refused


@pytest.mark.parametrize(
    ("earlier", "later"),
    [("1.13.9", "1.14.0-alpha.2"), ("1.14.0-alpha.2", "1.14.0-beta.0"), ("1.14.0-beta.0", "1.14.0-rc.1"), ("1.14.0-rc.1", "1.14.0")],
)
def test_versions_are_ordered_as_releases_are(earlier: str, later: str) -> None:
    first, second = parse_version(earlier), parse_version(later)
    assert first is not None
    assert second is not None
    assert first < second


def test_what_is_no_version_is_none() -> None:
    assert [parse_version(text) for text in ("latest", "v1", "", "1.2.3.4")] == [None] * 4


SELECTOR, INGRESS = "portSelector: {ports: [50000], protocol: tcp}\n", "ingress: [{subnet: 10.0.0.0/8}]\n"


@pytest.mark.parametrize(
    "text",
    [
        HEAD + SELECTOR + "ingress: ${NODES}\n",
        HEAD + SELECTOR + 'ingress: ["${NODE}"]\n',
        HEAD + SELECTOR + "ingress: [{subnet: ${NODE}}]\n",
        HEAD + INGRESS + "portSelector: ${SERVICE}\n",
        HEAD + INGRESS + "portSelector: {ports: ${PORTS}, protocol: tcp}\n",
        HEAD + INGRESS + 'portSelector: {ports: ["${PORT}"], protocol: tcp}\n',
        HEAD + INGRESS + "portSelector: {ports: [50000], protocol: ${PROTOCOL}}\n",
    ],
)
def test_what_is_filled_in_elsewhere_is_no_mistake_and_opens_nothing_for_sure(text: str) -> None:
    block = "apiVersion: v1alpha1\nkind: NetworkDefaultActionConfig\ningress: block\n---\n"
    tree = MemoryTree({"a.yaml": block + text})
    graph = FORMAT.load(tree, ["a.yaml"], Options())
    assert {note.trap for note in graph.notes} == {"unresolved-variable", "assumed-base"}
    (permit,) = (each for each in graph.hooks[0].filter.rules if not each.synthetic)
    match = permit.condition.settle(lambda _: None)
    assert match.maybe and not match.surely
    assert graph.zones[0].values("host-firewall") == ("block",)


def test_a_mistake_beside_a_variable_is_told() -> None:
    graph = FORMAT.load(MemoryTree({"a.yaml": HEAD + "portSelector: {ports: [${PORT}], protocol: tcp\n"}), ["a.yaml"], Options())
    assert "unparsable" in {note.trap for note in graph.notes}


@pytest.mark.parametrize(("features", "refused"), [("{stableHostname: true}", True), ("{stableHostname: false}", False), ("{}", False)])
def test_a_hostname_of_its_own_document_excludes_the_stable_one(features: str, refused: bool) -> None:
    text = f"machine: {{type: worker, features: {features}}}\n---\napiVersion: v1alpha1\nkind: HostnameConfig\nhostname: wk1\n"
    loaded = load(Source("c.yaml", text), V113, patch=False)
    assert ("conflicting-documents" in {note.trap for note in validate(loaded.documents)}) is refused
