"""What names of directories say about whose the files in them are: `infra` beside `talos` is one cluster, `prod` beside `stage` are two.

Names are words. Those for a tool, a layer, a kind of files, or the part that machines play tell nothing of that; what is left names a
cluster or a site.
"""

from __future__ import annotations

from collections.abc import Iterable

from auditor.model.graph import Graph, Zone

Directory = tuple[str, ...]
Words = frozenset[str]

_TOOLS = (
    "terraform tf tofu opentofu terragrunt hcl iac pulumi ansible packer cloudinit nix nixos flake talos talhelper talosctl omni"
    " kubernetes kube k8s cni cilium proxmox pve libvirt pfsense opnsense pf nft nftables firewall firewalls cloud hypervisor"
)
_LAYERS = (
    "infra infrastructure infrastructures provision provisioning provisioner bootstrap network networks networking net vpc compute vm vms"
    " security sg groups acl acls rules router routers gateway switch switches cluster clusters env envs environment environments"
    " site sites stage stages region regions location locations live deploy deployment deployments stack stacks module modules"
    " root roots src"
)
_FILES = (
    "config configs configuration configurations conf cfg clusterconfig generated rendered machineconfig machineconfigs machine machines"
    " patch patches template templates manifests files out output all any common shared global general base"
)
_MACHINES = "node nodes host hosts server servers control plane controlplane controller controllers master masters cp worker workers wk"
_GENERIC = frozenset(f"{_TOOLS} {_LAYERS} {_FILES} {_MACHINES}".split())
_NUMBERED = frozenset(_MACHINES.split())
_USUAL = frozenset({"main", "default", "my", "home", "lab", "test", "prod", "production"})
_OF_CLUSTERS = frozenset({"clusters", "envs", "environments", "stages", "tenants", "customers", "clients", "accounts"})
_OF_SITES = frozenset({"sites", "regions", "locations", "branches", "datacenters"})
_OF_MACHINES = _OF_SITES | {"machines", "hosts"}
_SEPARATORS = str.maketrans("-_./:", "     ")


def own_words(directory: Directory) -> Words:
    """What names the cluster or the site that files belong to. What lies in a directory of nodes is named after a machine."""
    found: set[str] = set()
    for part in map(str.lower, directory):
        found |= _telling(part)
        if part in ("nodes", "hosts"):
            break
    return frozenset(found)


def name_words(name: str) -> Words:
    """What of a cluster's name is its own: nothing where many clusters are called so."""
    return _telling(name.lower()) - _USUAL


def all_words(texts: Iterable[str]) -> Words:
    """Every word of some texts."""
    return frozenset(" ".join(texts).lower().translate(_SEPARATORS).split())


def holds_many(directory: Directory) -> bool:
    """Whether a directory is one of clusters, sites or machines, each in a directory of its own."""
    return bool(directory) and directory[-1].lower() in _OF_CLUSTERS | _OF_MACHINES


Listed = frozenset[tuple[str, str]]
"""Names that directories of many list, each with that directory, which ends in a slash."""


def listed(directory: Directory, among: frozenset[str] = _OF_CLUSTERS | _OF_SITES) -> Listed:
    """The clusters or sites that a directory is of."""
    below = ((depth, name) for depth, name in enumerate(directory) if depth and directory[depth - 1].lower() in among)
    return frozenset(("/".join((*directory[:depth], "")), name) for depth, name in below if _telling(name.lower()))


class Directories:
    """Where zones are: a module's in the directory of the root module, others in that of their file."""

    def __init__(self, graph: Graph) -> None:
        read = {tuple(path.split("/")[:-1]) for path, _ in graph.read}
        self._read = {directory[:end] for directory in read for end in range(len(directory) + 1)}
        self._clusters: dict[Directory, Listed] = {}

    def of(self, zone: Zone) -> Directory:
        """The directory of a zone."""
        site = parts_of(zone.site)
        return site if zone.site and site in self._read else parts_of(zone.span.path)[:-1]

    def clusters(self, zone: Zone) -> Listed:
        """The clusters that a zone is of by its directory, each with the directory that lists it, which ends in a slash."""
        directory = self.of(zone)
        known = self._clusters.get(directory)
        if known is None:
            known = self._clusters[directory] = listed(directory, _OF_CLUSTERS)
        return known


def parts_of(path: str) -> Directory:
    """The names that a path consists of."""
    return tuple(part for part in path.split("/") if part not in ("", "."))


def _telling(name: str) -> Words:
    if name.rstrip("0123456789").rstrip("-_.") in _NUMBERED:
        return frozenset()
    return all_words((name,)) - _GENERIC
