"""Which keys a Talos document has, of what type, and how each merges: the field decides, not the look of the value.

Written in a small notation, one line a section: a key, then its type. Nothing: text. `?` boolean, `#` number, `~` duration, `…` not
looked into, `{}` a map of texts (`{}=` of texts or lists of them), `[]` a list of texts, `[X]` a list of sections X, `@X` a section X,
`!x` a scalar of its own syntax. A list is appended by a patch; with `=` it is replaced; with `:key` its elements merge by that key.
"""

from __future__ import annotations

import re
from enum import Enum
from functools import cache

from auditor.formats.talos.version import Version, parse_version
from auditor.model.record import dataclass


class Kind(Enum):
    """What a field holds."""

    TEXT = "text"
    BOOLEAN = "true or false"
    NUMBER = "a number"
    DURATION = "a duration"
    SCALAR = "a value of its own syntax"
    ANYTHING = "anything"
    MAP = "a map of texts"
    LIST = "a list"
    SECTION = "a mapping"


@dataclass(frozen=True, slots=True)
class FieldType:
    """The type of a key. `syntax`: of a SCALAR, or of a list's scalars; `section`: of a SECTION, or of a list's elements."""

    kind: Kind
    section: str = ""
    syntax: str = ""
    replaced: bool = False
    merge_key: str = ""


Section = dict[str, FieldType]
ANYTHING = FieldType(Kind.ANYTHING)

_SECTIONS = """
main: version debug? persist? machine@machine cluster@cluster
machine: type token ca…= acceptedCAs… certSANs[] controlPlane@machineControlPlane kubelet@kubelet pods… network@network disks… \
install@install files… env{} time@time sysctls{} sysfs{} registries… systemDiskEncryption… features@features udev… logging@logging \
kernel… seccompProfiles… baseRuntimeSpecOverrides… nodeLabels{} nodeAnnotations{} nodeTaints{}
machineControlPlane: controllerManager@disabled scheduler@disabled
disabled: disabled?
kubelet: image clusterDNS[] extraArgs{}= extraMounts… extraConfig… credentialProviderConfig… defaultRuntimeSeccompProfileEnabled? \
registerWithFQDN? nodeIP@nodeIP skipNodeRegistration? disableManifestsDirectory?
nodeIP: validSubnets[]
network: hostname interfaces[interface:interface|deviceSelector] nameservers[] searchDomains[] extraHostEntries… kubespan@kubespan \
disableSearchDomain?
interface: interface deviceSelector… addresses[] cidr routes… bond… bridge… bridgePort… vlans[vlan:vlanId] mtu# dhcp? ignore? dummy? \
dhcpOptions@dhcpOptions wireguard@wireguard vip@vip
vlan: vlanId# addresses[] cidr routes… dhcp? mtu# vip@vip dhcpOptions@dhcpOptions
dhcpOptions: routeMetric# ipv4? ipv6? duidv6
wireguard: privateKey listenPort# firewallMark# peers[peer]
peer: publicKey presharedKey endpoint persistentKeepaliveInterval~ allowedIPs[]
vip: ip equinixMetal… hcloud…
kubespan: enabled? advertiseKubernetesNetworks? allowDownPeerBypass? harvestExtraEndpoints? mtu# filters…
time: disabled? servers[] bootTimeout~
features: rbac? stableHostname? kubernetesTalosAPIAccess@talosAPI apidCheckExtKeyUsage? diskQuotaSupport? kubePrism@kubePrism \
hostDNS@hostDNS imageCache… nodeAddressSortAlgorithm
talosAPI: enabled? allowedRoles[] allowedKubernetesNamespaces[]
kubePrism: enabled? port#
hostDNS: enabled? forwardKubeDNSToHost? resolveMemberNames?
install: disk diskSelector… extraKernelArgs[] image extensions… bootloader? wipe? legacyBIOSSupport? grubUseUKICmdline?
logging: destinations[destination]
destination: endpoint format extraTags{}
cluster: id secret controlPlane@controlPlane clusterName network@clusterNetwork token aescbcEncryptionSecret secretboxEncryptionSecret \
ca…= acceptedCAs… aggregatorCA…= serviceAccount…= apiServer@apiServer controllerManager@component proxy@proxy scheduler@scheduler \
discovery@discovery etcd@etcd coreDNS… externalCloudProvider… extraManifests[] extraManifestHeaders{} inlineManifests… \
adminKubeconfig… allowSchedulingOnMasters? allowSchedulingOnControlPlanes?
controlPlane: endpoint localAPIServerPort#
clusterNetwork: cni@cni dnsDomain podSubnets[]= serviceSubnets[]=
cni: name urls[] flannel@flannel
flannel: extraArgs[] kubeNetworkPoliciesEnabled?
etcd: image ca…= extraArgs{}= subnet advertisedSubnets[] listenSubnets[]
discovery: enabled? registries@registries
registries: kubernetes@disabled service@discoveryService
discoveryService: disabled? endpoint
apiServer: image extraArgs{}= extraVolumes… env{} certSANs[] disablePodSecurityPolicy? admissionControl[admission:name] auditPolicy…= \
resources… authorizationConfig…
admission: name configuration…
component: image extraArgs{}= extraVolumes… env{} resources…
scheduler: image extraArgs{}= extraVolumes… env{} resources… config…
proxy: disabled? image mode extraArgs{}=
NetworkDefaultActionConfig: ingress!action
NetworkRuleConfig: name portSelector@portSelector ingress[source]=
portSelector: ports[!port]= protocol!protocol
source: subnet!prefix except!prefix
TimeSyncConfig: enabled? bootTimeout~ ntp@ntp ptp@ptp
ntp: servers[] useNTS?
ptp: devices[]
ResolverConfig: nameservers[nameserver] searchDomains@searchDomains hostDNS@hostDNS
nameserver: address protocol tlsServerName
searchDomains: domains[] disableDefault?
KubeSpanConfig: enabled? advertiseKubernetesNetworks? allowDownPeerBypass? harvestExtraEndpoints? mtu# filters…
DiscoveryServiceConfig: name endpoint
KubeClusterConfig: clusterName endpoint
KubeNetworkConfig: dnsDomain podSubnets[]= serviceSubnets[]= nodeCIDRMaskSizeIPv4# nodeCIDRMaskSizeIPv6#
KubeFlannelCNIConfig: backendType backendPort# backendMTU# backendExtraConfig… resources… extraArgs[] kubeNetworkPoliciesEnabled?
KubeAPIServerConfig: image extraArgs{}= env{} resources… apiPort#0 certExtraSANs[] startupProbes?
KubeControllerManagerConfig: enabled? image extraArgs{}= env{} resources…
KubeSchedulerConfig: enabled? image extraArgs{}= env{} resources… config…
KubeProxyConfig: enabled? image mode config… extraArgs{}= resources…
KubeNodeConfig: skipNodeRegistration? registerWithFQDN? nodeIP@nodeIP labels{} annotations{} taints{}
KubePrismConfig: port# tlsServerName
KubeTalosAPIAccessConfig: allowedRoles[] allowedKubernetesNamespaces[]
SideroLinkConfig: apiUrl uniqueToken
LinkConfig: name up? mtu# addresses[linkAddress] routes… multicast?
VLANConfig: name vlanID# vlanMode parent up? mtu# addresses[linkAddress] routes… multicast?
linkAddress: address routePriority#
WireguardConfig: name privateKey listenPort# firewallMark# peers[peer] up? mtu# addresses[linkAddress] routes… multicast?
Layer2VIPConfig: name link
BGPInstanceConfig: name vrf localASN# routerID routeSource advertise[]= multipath? maxPaths# installRoutes? importRoutes…= neighbors…=
KubeStaticPodConfig: name pod…= *
KubeAuditPolicyConfig: configuration…= *
KubeAuthenticationConfig: configuration…= *
KubeCredentialProviderConfig: configuration…= *
CRIBaseRuntimeSpecConfig: overrides…= *
ExtensionServiceConfig: name configFiles[configFile:mountPath] environment[] *
configFile: content mountPath
"""

_SINCE = """
1.5 EventSinkConfig KmsgLogConfig SideroLinkConfig
1.6 NetworkDefaultActionConfig NetworkRuleConfig
1.7 ExtensionServiceConfig WatchdogTimerConfig
1.8 KubeSpanEndpointsConfig TrustedRootsConfig VolumeConfig
1.10 EthernetConfig PCIDriverRebindConfig UserVolumeConfig
1.11 ExistingVolumeConfig RawVolumeConfig SwapVolumeConfig ZswapConfig
1.12 BondConfig BridgeConfig DHCPv4Config DHCPv6Config DummyLinkConfig HCloudVIPConfig HostnameConfig Layer2VIPConfig LinkAliasConfig
1.12 LinkConfig OOMConfig RegistryAuthConfig RegistryMirrorConfig RegistryTLSConfig ResolverConfig StaticHostConfig TimeSyncConfig
1.12 VLANConfig WireguardConfig
1.13 BlackholeRouteConfig EnvironmentConfig ExternalVolumeConfig ImageVerificationConfig KubeSpanConfig RoutingRuleConfig
1.13 TCPProbeConfig VRFConfig
1.14 BGPInstanceConfig ContainerConfig CRIBaseRuntimeSpecConfig CRICustomizationConfig DiscoveryIdentityConfig DiscoveryServiceConfig
1.14 EtcFileConfig FilesystemScrubConfig FilesystemTrimConfig HTTPProbeConfig ImageCacheConfig KernelModuleConfig
1.14 KubeAPIServerCAConfig KubeAPIServerConfig KubeAdmissionControlConfig KubeAggregatorCAConfig KubeAuditPolicyConfig
1.14 KubeAuthenticationConfig KubeAuthorizerConfig KubeClusterConfig KubeControllerManagerConfig KubeCoreDNSConfig
1.14 KubeCredentialProviderConfig KubeEtcdEncryptionConfig KubeExternalManifestConfig KubeFlannelCNIConfig KubeInlineManifestConfig
1.14 KubeNetworkConfig KubeNodeConfig KubePrismConfig KubeProxyConfig KubeSchedulerConfig KubeServiceAccountConfig
1.14 KubeStaticPodConfig KubeTalosAPIAccessConfig KubeletConfig LVMLogicalVolumeConfig LVMVolumeGroupConfig RAIDArrayConfig
1.14 SecurityProfileConfig SysctlConfig SysfsConfig UdevRulesConfig UnattendedInstallConfig VethConfig
"""

_KEY = re.compile(r"(\w+)(\?|#0?|~|…|\{\}|\[[^\]]*\]|@\w+|!\w+)?(=?)")
_SIMPLE = {"": Kind.TEXT, "?": Kind.BOOLEAN, "#": Kind.NUMBER, "#0": Kind.NUMBER, "~": Kind.DURATION, "…": Kind.ANYTHING, "{}": Kind.MAP}
_NAMELESS = frozenset({"NetworkDefaultActionConfig"})


@cache
def since(kind: str) -> Version | None:
    """The first Talos version (its first pre-release) that knows a document kind; None for a kind that none knows."""
    first = _kinds().get(kind)
    return Version(first.major, first.minor, 0, 0) if first else None


@cache
def _kinds() -> dict[str, Version]:
    kinds: dict[str, Version] = {}
    for line in _SINCE.split("\n"):
        first, *names = line.split() or [""]
        version = parse_version(first)
        if version is not None:
            kinds |= dict.fromkeys(names, version)
    return kinds


def known_kinds() -> tuple[str, ...]:
    """Every document kind."""
    return tuple(_kinds())


@cache
def sections() -> dict[str, tuple[Section, bool]]:
    """Every section by name: its keys, and whether others are let pass unseen."""
    return {name: _section(keys) for name, _, keys in (line.partition(": ") for line in _SECTIONS.strip().split("\n"))}


def section(name: str) -> Section | None:
    """The keys of a section or document kind; None where they are not looked into."""
    found = sections().get(name)
    return found[0] if found else None


def is_open(name: str) -> bool:
    """Whether keys beyond the listed ones are let pass."""
    found = sections().get(name)
    return found is None or found[1]


def is_named(kind: str) -> bool:
    """Whether documents of this kind are told apart by `name`. Of kinds whose keys are not known here, a name that is there counts."""
    known = section(kind)
    return known is None or is_open(kind) or "name" in known


def _section(text: str) -> tuple[Section, bool]:
    words = text.split()
    fields = dict(_field(word) for word in words if word != "*")
    return fields, "*" in words


def _field(word: str) -> tuple[str, FieldType]:
    match = _KEY.fullmatch(word)
    assert match is not None, word
    name, mark, replaced = match[1], match[2] or "", bool(match[3])
    if mark in _SIMPLE:
        return name, FieldType(_SIMPLE[mark], replaced=replaced, syntax="nullable" if mark == "#0" else "")
    if mark[0] == "@":
        return name, FieldType(Kind.SECTION, section=mark[1:])
    if mark[0] == "!":
        return name, FieldType(Kind.SCALAR, syntax=mark[1:])
    inner, _, key = mark[1:-1].partition(":")
    syntax = inner[1:] if inner.startswith("!") else ""
    return name, FieldType(Kind.LIST, section="" if syntax else inner, syntax=syntax, replaced=replaced, merge_key=key)
