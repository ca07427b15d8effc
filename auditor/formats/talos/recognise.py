"""Whether a file is Talos's, by its name and its first few kilobytes. Cheap, and careful: Kubernetes has kinds of similar names."""

from __future__ import annotations

import re

_NAME = re.compile(r"\.(?:ya?ml|json)(?:\.(?:j2|jinja2?|tmpl|tpl|gotmpl|tftpl))?$", re.IGNORECASE)
_KIND = re.compile(
    rb"""^["']?k\w{1,4}["']?:[ \t]*["']?([A-Za-z0-9]{6,40})\b|[{,]\s*"?k\w{1,4}"?\s*:\s*"?([A-Za-z0-9]{6,40})\b""", re.MULTILINE
)
_API = re.compile(rb"""^["']?apiVersion["']?:[ \t]*["']?v1alpha1["']?[ \t]*(?:#.*)?\r?$|"apiVersion"\s*:\s*"v1alpha1\"""", re.MULTILINE)
_API_SLIP = re.compile(rb"""^["']?\w{6,12}["']?:[ \t]*["']?(v\w{3,9})["']?[ \t]*(?:#.*)?\r?$""", re.MULTILINE)
_TOP = re.compile(rb"""^["']?([A-Za-z$][\w.$-]*)["']?:""", re.MULTILINE)
_MAIN = re.compile(
    rb"""^["']?([mc]\w{5,7})["']?:[ \t]*(?:(?:#.*)?\r?\n(?:[ \t]*(?:[#-].*)?\r?\n)*[ \t]+|\{\s*)["']?([A-Za-z]+)["']?[ \t]*:""",
    re.MULTILINE,
)
_JSON_MAIN = re.compile(rb"""^\s*\{\s*"(?:version"\s*:\s*"v1alpha1"\s*,\s*")?([mc]\w{5,7})"\s*:\s*\{\s*"([A-Za-z]+)"\s*:""")
_OPERATION = re.compile(rb"""^(?:-\s+|\s+)["']?path["']?:\s*["']?/(?:machine|cluster)/""", re.MULTILINE)
_JSON_OPERATION = re.compile(rb"""\[\s*\{[^}]*"path"\s*:\s*"/(?:machine|cluster)/""")
_VERSION = re.compile(rb"""^["']?version["']?:[ \t]*["']?v1alpha1["']?[ \t]*(?:#.*)?\r?$""", re.MULTILINE)
_CLUSTER = re.compile(rb"""^kind:[ \t]*["']?Cluster["']?[ \t]*(?:#.*)?\r?$""", re.MULTILINE)
_FIRST_DOCUMENT = re.compile(rb"\A(?:\s*(?:#[^\n]*)?(?:---[^\n]*)?\n)*(.*?)(?:^---|\Z)", re.MULTILINE | re.DOTALL)
_FIREWALL_KEYS = frozenset({b"portSelector", b"ingress"})
_RESOURCE_KEYS = frozenset({b"metadata", b"spec"})
_MAIN_SIGN = re.compile(rb"""(?:^["']?|")(?!metadata\b)[mc]\w{5,7}["']?\s*:""", re.MULTILINE)
_MAIN_TOP = frozenset({b"version", b"machine", b"cluster", b"debug", b"persist", b"sops"})


def claims(path: str, head: bytes) -> bool:
    """Whether `path`, whose first bytes are `head`, is a Talos configuration or patch, or of a tool that makes some."""
    if not _NAME.search(path):
        return False
    if is_talhelper(path, head) or is_omni(head):
        return True
    if _is_document(head):
        return True
    if b"kind: NetworkRuleConfig" in head or b"kind: NetworkDefaultActionConfig" in head or _is_fragment(head):
        return True
    if (b"/machine/" in head or b"/cluster/" in head) and (_OPERATION.search(head) or _JSON_OPERATION.search(head)):
        return True
    return _is_main(head)


def _is_document(head: bytes) -> bool:
    """Whether a document is one of Talos's, or looks like one in which the kind or the version is misspelt."""
    if b"v1" not in head or not (b"Conf" in head or b"portSelector" in head or b"ingress" in head):
        return False
    if _API.search(head):
        kinds = _kinds(head)
        return any(map(_is_kind, kinds)) or bool(kinds and _tops(head) & _FIREWALL_KEYS and not _tops(head) & _RESOURCE_KEYS)
    from auditor.formats.near import near

    said = {match[1] for match in _API_SLIP.finditer(head)}
    if not any(each == b"v1alpha1" or near(each.decode(), ("v1alpha1",)) for each in said):
        return False
    from auditor.formats.talos.schema import since

    return any(map(since, _kinds(head)))


def _kinds(head: bytes) -> set[str]:
    return {(match[1] or match[2]).decode() for match in _KIND.finditer(head)}


def _is_kind(kind: str) -> bool:
    """A document kind of Talos, or what looks like one misspelt."""
    from auditor.formats.talos.schema import known_kinds, since

    if since(kind) is not None:
        return True
    from difflib import get_close_matches

    return bool(get_close_matches(kind, known_kinds(), 1, 0.85))


def is_talhelper(path: str, head: bytes) -> bool:
    """Whether it is a talhelper configuration."""
    name = path.rpartition("/")[2].lower()
    if name in ("talconfig.yaml", "talconfig.yml") and b"nodes" in _tops(head):
        return True
    if b"clusterName" not in head:
        return False
    tops = _tops(head)
    if b"clusterName" in tops and (b"endpoint" in tops or b"talosVersion" in tops) and b"kind" not in tops:
        return True
    return name in ("talconfig.yaml", "talconfig.yml") and b"clusterName" in tops


def is_omni(head: bytes) -> bool:
    """Whether it is a cluster template of Omni's: no resource of Kubernetes, and no document of Talos either."""
    return b"Cluster" in head and _CLUSTER.search(head) is not None and {b"kubernetes", b"talos"} <= _tops(head)


def _is_fragment(head: bytes) -> bool:
    return b"ingressFirewall" in head and _tops(head) == {b"ingressFirewall"}


def _tops(head: bytes) -> set[bytes]:
    return {match[1] for match in _TOP.finditer(head)}


def _is_main(head: bytes) -> bool:
    if _MAIN_SIGN.search(head) is None:
        return False
    first = _FIRST_DOCUMENT.match(head)
    if not all(each in _MAIN_TOP or _main_key(each.decode()) for each in _tops(first[1] if first else head)):
        return False
    pairs = ((_main_key(match[1].decode()), match[2].decode()) for match in (*_MAIN.finditer(head), *_JSON_MAIN.finditer(head)))
    found = [(part, name) for part, name in pairs if part in ("machine", "cluster")]
    return bool(found) and (_VERSION.search(head) is not None or any(_is_field(*each) for each in found))


def _main_key(name: str) -> str:
    """The key of a machine configuration that a key at the margin is, or is misspelt for; several of a thing are something else."""
    from auditor.formats.near import near

    if name.encode() in _MAIN_TOP or name.endswith("s"):
        return name if name.encode() in _MAIN_TOP else ""
    return near(name, ("version", "machine", "cluster", "debug", "persist")) or ""


def _is_field(part: str, name: str) -> bool:
    """A field of the machine or the cluster, or what looks like one misspelt."""
    from auditor.formats.talos.schema import section

    known = section(part) or {}
    if name in known or len(name) < 6:  # short words are near to others by chance
        return name in known
    from difflib import get_close_matches

    return bool(get_close_matches(name, known, 1, 0.85))
