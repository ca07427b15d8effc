"""Talos versions, ordered as releases are: 1.14.0-alpha.2 before 1.14.0-beta.0 before 1.14.0-rc.1 before 1.14.0."""

from __future__ import annotations

import re

from auditor.model.record import dataclass

_VERSION = re.compile(r"v?(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?(?:-(alpha|beta|rc)\.(\d{1,4}))?(?:[-+].*)?")
LATEST_PATCH = 9999
"""Of a version that is named without its patch: the newest of them, whatever it is."""
_STAGES = {"alpha": 0, "beta": 1, "rc": 2, None: 3}


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """A release. `stage` 0 alpha, 1 beta, 2 candidate, 3 final; `number` that of the pre-release."""

    major: int
    minor: int
    patch: int = 0
    stage: int = 3
    number: int = 0

    def __str__(self) -> str:
        stage = ("-alpha", "-beta", "-rc", "")[self.stage]
        patch = "" if self.patch == LATEST_PATCH else f".{self.patch}"
        return f"v{self.major}.{self.minor}{patch}" + (f"{stage}.{self.number}" if stage else "")


def parse_version(text: str) -> Version | None:
    """`v1.13.9`, `v1.14.0-rc.1`, `v1.13.9-3-gabc` (a build after it), `1.13` (its newest release); None for anything else."""
    match = _VERSION.fullmatch(text.strip())
    if match is None:
        return None
    major, minor, patch, stage, number = match.groups()
    return Version(int(major), int(minor), int(patch) if patch else LATEST_PATCH, _STAGES[stage], int(number or 0))


NEWEST_STABLE = Version(1, 13, 9)
"""What is assumed where nothing names a version."""

NEWEST_CANDIDATE = Version(1, 14, 0, 2, 1)
"""What is assumed where documents are there that only it knows."""

KUBE_DOCUMENTS = Version(1, 14, 0, 0)
"""From here on Kubernetes' and discovery's settings have documents of their own."""
MISSING_DELETE_HARMLESS = Version(1, 14, 0, 0, 2)
REPEATED_DOCUMENT_IN_PATCH = Version(1, 14, 0, 1)
ALIASES_AS_ADDRESSES = Version(1, 14, 0, 0)
LISTS_REPLACED = Version(1, 6, 2)
PORTS_JOINED = Version(1, 7, 6)
NODEPORTS_FILTERED = Version(1, 10)
TIMESTAMPS_DROPPED = Version(1, 11)
TOP_OF_RANGE = Version(1, 12, 5)
LARGE_BUFFERS = Version(1, 13, 9)
FIREWALL = Version(1, 6)
HOST_DNS = Version(1, 8)
GENERATES_SEVERAL = Version(1, 12)
"""From here on a generated configuration has several documents."""
