"""One folder a dialect: detect, parse, convert. `FORMATS` lists them; each imports its reader only when it loads."""

from __future__ import annotations

from auditor.formats import nftables, nixos, opnsense, pfsense, proxmox, switch, talos, terraform
from auditor.formats.base import Format

FORMATS: tuple[Format, ...] = (
    nftables.FORMAT,
    nixos.FORMAT,
    opnsense.FORMAT,
    pfsense.FORMAT,
    proxmox.FORMAT,
    switch.FORMAT,
    talos.FORMAT,
    terraform.FORMAT,
)
