"""Texts that have nothing to do with the filter, nor with a fact: whether they are there changes no answer."""

from __future__ import annotations

from auditor.formats.talos.deletes import Delete
from auditor.formats.talos.documents import MAIN, Document, Loaded, Shape
from auditor.formats.talos.schema import section
from auditor.yamlspan import Mapping

_ELSE = {
    "machine": "sysctls sysfs nodeLabels nodeAnnotations nodeTaints files kernel udev certSANs registries env disks pods seccompProfiles",
    "cluster": "apiServer allowSchedulingOnControlPlanes coreDNS adminKubeconfig externalCloudProvider",
}


def is_beside(loaded: Loaded) -> bool:
    """Whether nothing in a text concerns the filter or a fact."""
    return loaded.shape is Shape.DOCUMENTS and not loaded.refused and all(map(_is_beside, loaded.steps))


def _is_beside(step: Document | Delete) -> bool:
    if step.kind != MAIN:
        return section(step.kind) is None
    if isinstance(step, Delete):
        return False
    parts = ((step.node.get(name), words.split()) for name, words in _ELSE.items())
    return set(step.node.entries) <= {*_ELSE, "version"} and all(
        not isinstance(part, Mapping) or set(part.entries) <= {*words} for part, words in parts
    )
