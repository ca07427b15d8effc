"""The facts that requirements ask for, in the old fields and in the documents that took their place."""

from __future__ import annotations

import pytest

from auditor.files import MemoryTree
from auditor.formats.base import Options
from auditor.formats.talos import FORMAT
from auditor.model.graph import Zone

BASE = "version: v1alpha1\nmachine:\n  type: worker\n%scluster:\n  controlPlane: {endpoint: 'https://10.0.0.1:6443'}\n%s"


def zone(machine: str = "", cluster: str = "", documents: str = "", version: str = "1.14") -> Zone:
    text = BASE % (machine and f"  {machine}\n", cluster and f"  {cluster}\n") + documents
    graph = FORMAT.load(MemoryTree({"worker.yaml": text}), ["worker.yaml"], Options(parameters={"talos_version": version}))
    assert not [note for note in graph.notes if note.level == "error"]
    return graph.zones[0]


def fact(key: str, machine: str = "", cluster: str = "", documents: str = "", version: str = "1.14") -> tuple[str, ...]:
    return zone(machine, cluster, documents, version).values(key)


def document(kind: str, body: str) -> str:
    return f"---\napiVersion: v1alpha1\nkind: {kind}\n{body}\n"


def test_time_servers_of_the_field_of_the_document_and_by_default() -> None:
    assert fact("time-server", "time: {servers: [10.0.0.9, /dev/ptp0]}") == ("10.0.0.9",)
    assert fact("time-server", documents=document("TimeSyncConfig", "ntp: {servers: [a.example]}")) == ("a.example",)
    assert fact("time-server") == ("time.cloudflare.com",)
    assert fact("time-servers-configured") == ("none",)


def test_time_may_be_off_or_without_a_network() -> None:
    assert fact("time-server", "time: {disabled: true}") == ("none",)
    assert fact("time-server", documents=document("TimeSyncConfig", "enabled: false")) == ("none",)
    assert fact("time-server", documents=document("TimeSyncConfig", "ptp: {devices: [/dev/ptp0]}")) == ()


def test_from_1_14_the_default_time_server_is_asked_with_nts() -> None:
    assert fact("nts") == ("on",)
    assert fact("nts", version="1.13") == ("none",)
    assert fact("nts", "time: {servers: [10.0.0.9]}") == ("none",)


def test_resolvers_of_the_field_of_the_document_and_by_default() -> None:
    assert fact("resolver", "network: {nameservers: [10.0.0.53]}") == ("10.0.0.53",)
    assert fact("resolver", documents=document("ResolverConfig", "nameservers: [{address: 10.0.0.54}]")) == ("10.0.0.54",)
    assert fact("resolver") == ("1.1.1.1", "8.8.8.8")


def test_discovery_is_off_unless_it_is_on() -> None:
    assert fact("discovery") == ("none",)
    assert fact("discovery", cluster="discovery: {enabled: true}") == ("discovery.talos.dev:443",)
    assert fact("discovery", cluster="discovery: {enabled: true, registries: {service: {disabled: true}}}") == ("none",)
    own = document("DiscoveryServiceConfig", "name: own\nendpoint: https://discovery.example:8443/")
    assert fact("discovery", documents=own) == ("discovery.example:8443",)


def test_the_host_of_the_discovery_service_is_stated_where_it_is_said_and_empty_where_it_cannot_be_asked() -> None:
    def stated(section: str, documents: str = "") -> tuple[str, ...]:
        return fact("configured-discovery-service", cluster=f"discovery: {section}" if section else "", documents=documents)

    assert stated("") == stated("{enabled: false, registries: {service: {endpoint: 'https://a.example/'}}}") == ()
    assert stated("{enabled: true}") == ("discovery.talos.dev",)
    for endpoint, host in (
        ("https://discovery.example/", "discovery.example"),
        ("https://10.0.0.5", "10.0.0.5"),
        ("https://[fd00::5]:443/", "fd00::5"),
        ("http://discovery.example:3000", ""),
        ("${DISCOVERY}", ""),
    ):
        assert stated(f"{{enabled: true, registries: {{service: {{endpoint: '{endpoint}'}}}}}}") == (host,)
    one = document("DiscoveryServiceConfig", "name: a\nendpoint: https://a.example/")
    assert stated("", one) == ("a.example",)
    assert stated("", one + document("DiscoveryServiceConfig", "name: b\nendpoint: https://b.example/")) == ("",)


def test_pod_and_service_networks_have_defaults_in_the_field_and_none_in_the_document() -> None:
    assert fact("pod-network", version="1.13") == ("10.244.0.0/16",)
    assert fact("pod-network") == ()
    assert fact("pod-network", cluster="network: {podSubnets: [10.1.0.0/16]}") == ("10.1.0.0/16",)
    assert fact("service-network", cluster="network: {podSubnets: [10.1.0.0/16]}") == ("10.96.0.0/12",)
    assert fact("service-network", documents=document("KubeNetworkConfig", "podSubnets: [10.1.0.0/16]")) == ()


@pytest.mark.parametrize(
    ("cluster", "documents", "cni"),
    [
        ("", "", "flannel"),
        ("network: {cni: {name: none}}", "", "none"),
        ("network: {cni: {name: custom, urls: ['https://example.org/calico.yaml']}}", "", "calico"),
        ("inlineManifests: [{name: cilium, contents: x}]", "", "cilium"),
        ("", document("KubeNetworkConfig", "podSubnets: [10.1.0.0/16]"), "none"),
        ("", document("KubeNetworkConfig", "podSubnets: [10.1.0.0/16]") + document("KubeFlannelCNIConfig", ""), "flannel"),
    ],
)
def test_the_network_plugin_is_known_as_far_as_it_is_said(cluster: str, documents: str, cni: str) -> None:
    assert fact("cni", cluster=cluster, documents=documents) == (cni,)


def test_kube_proxy_and_kubespan_are_on_or_not() -> None:
    assert fact("kube-proxy") == ("on",)
    assert fact("kube-proxy", cluster="proxy: {disabled: true}") == ("none",)
    assert fact("kube-proxy", documents=document("KubeProxyConfig", "enabled: false")) == ("none",)
    assert fact("kubespan") == ("none",)
    assert fact("kubespan", "network: {kubespan: {enabled: true}}") == ("on",)
    assert fact("kubespan", documents=document("KubeSpanConfig", "enabled: true")) == ("on",)


def test_addresses_are_those_that_are_written_down_without_shared_ones() -> None:
    vlan = "{vlanId: 5, addresses: [10.5.0.2/24]}"
    interface = f"{{interface: eth0, addresses: [10.0.0.2/24], vip: {{ip: 10.0.0.1}}, vlans: [{vlan}]}}"
    assert fact("node-address", f"network: {{interfaces: [{interface}]}}") == ("10.0.0.2", "10.5.0.2")
    link = document("LinkConfig", "name: eth0\naddresses: [{address: 10.0.0.3/24}]")
    assert fact("node-address", documents=link) == ("10.0.0.3",)


@pytest.mark.parametrize(
    ("links", "bounded"),
    [
        ("{interface: eth0, addresses: [10.0.0.1/24]}", True),
        ("{interface: eth0, cidr: 10.0.0.1/24}, {interface: wg0, wireguard: {listenPort: 51821}, addresses: [10.99.0.1/24]}", True),
        ("{interface: eth0, vlans: [{vlanId: 3, addresses: [10.0.3.1/24]}]}", True),
        ("{interface: wg0, wireguard: {listenPort: 51821}, addresses: [10.99.0.1/24]}", False),
        ("{interface: dummy1, dummy: true, addresses: [10.99.0.1/24]}", False),
        ("{interface: lo, addresses: [10.99.0.1/32]}", False),
        ("{interface: eth0, addresses: ['${NODE}/24', 10.99.0.1/24]}", False),
        ("{interface: eth0, addresses: [10.0.0.1/24]}, {interface: eth1, dhcp: true}", False),
        ("{interface: eth0, addresses: [10.0.0.1/24]}, {interface: eth1, dhcp: '${DHCP}'}", False),
    ],
)
def test_addresses_bound_a_machine_where_they_are_all_it_has(links: str, bounded: bool) -> None:
    assert (zone(f"network: {{interfaces: [{links}]}}").networks is not None) is bounded


@pytest.mark.parametrize(
    ("kind", "name", "bounded"),
    [("LinkConfig", "eth0", True), ("LinkConfig", "lo", False), ("WireguardConfig", "wg0", False), ("DummyLinkConfig", "dummy1", False)],
)
def test_addresses_of_tunnels_bound_no_machine(kind: str, name: str, bounded: bool) -> None:
    link = document(kind, f"name: {name}\naddresses: [{{address: 10.0.0.1/24}}]")
    assert (zone(documents=link).networks is not None) is bounded


@pytest.mark.parametrize(
    ("cluster", "listener"),
    [
        ("controllerManager: {extraArgs: {bind-address: 0.0.0.0}}", ("tcp/10257",)),
        ("scheduler: {extraArgs: {bind-address: '::'}}", ("tcp/10259",)),
        ("proxy: {extraArgs: {metrics-bind-address: '0.0.0.0:10249'}}", ("tcp/10249",)),
        ("controllerManager: {extraArgs: {bind-address: 10.0.0.0}}", ()),
        ("scheduler: {extraArgs: {bind-address: 127.0.0.1}}", ()),
    ],
)
def test_arguments_open_ports(cluster: str, listener: tuple[str, ...]) -> None:
    assert fact("listener", cluster=cluster) == listener


def test_of_an_address_with_a_secret_only_host_and_port_are_taken() -> None:
    own = document("DiscoveryServiceConfig", "name: own\nendpoint: https://user:hunter2@discovery.example/?token=hunter2")
    assert fact("discovery", documents=own) == ("discovery.example:443",)


def test_the_cluster_s_name_is_taken_where_it_is_written_and_not_where_it_is_filled_in_later() -> None:
    assert fact("cluster", cluster="clusterName: prod") == ("prod",)
    assert fact("cluster", cluster="clusterName: ${CLUSTER}") == ()


def test_a_switch_that_is_filled_in_elsewhere_may_be_either_way() -> None:
    kubespan = 'network: {kubespan: {enabled: "${MESH}"}}'
    assert fact("kubespan", kubespan) == ()
    assert fact("kube-proxy", cluster='proxy: {disabled: "${CILIUM}"}') == ("none",)
    block = document("NetworkDefaultActionConfig", "ingress: block")
    graph = FORMAT.load(MemoryTree({"w.yaml": BASE % (f"  {kubespan}\n", "") + block}), ["w.yaml"], Options())
    assert "Talos accepts what comes over kubespan" in [rule.text for rule in graph.hooks[0].filter.rules]


def test_the_installed_version_decides_which_networks_are_let_through() -> None:
    newer = "install: {image: 'ghcr.io/siderolabs/installer:v1.14.0-rc.1'}"
    text = BASE % (f"  {newer}\n", "") + document("NetworkDefaultActionConfig", "ingress: block")
    graph = FORMAT.load(MemoryTree({"w.yaml": text}), ["w.yaml"], Options())
    assert graph.zones[0].values("pod-network") == ()
