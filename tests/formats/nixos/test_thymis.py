"""Thymis's own device modules against Thymis's own firewall page."""

from __future__ import annotations

from pathlib import Path

from auditor import audit
from auditor.files import DirectoryTree, MemoryTree
from auditor.model.findings import Finding, Outcome

FIXTURE = Path(__file__).resolve().parents[3] / "fixtures/nixos/thymis-ssh"
MODULE = "thymis-device-nixos-module.nix"


def findings(module: str | None = None) -> dict[str, Finding]:
    tree = DirectoryTree(FIXTURE)
    reading = audit.read(tree if module is None else MemoryTree({MODULE: module}, tree), ("",), audit.Request())
    return {finding.rule: finding for finding in audit.findings_of(reading)}


def test_the_module_opens_a_port_that_the_page_says_no_device_needs() -> None:
    found = findings()["thymis-device/no-inbound"]
    assert found.outcome is Outcome.BROKEN
    assert found.location is not None
    assert (found.location.span.path, found.location.span.line) == (MODULE, 4)
    assert found.witness is not None
    assert dict(found.witness.fields)["destination_port"] == "22"


def test_without_the_list_open_ssh_opens_it_all_the_same() -> None:
    found = findings("{ services.openssh.enable = true; }")["thymis-device/no-inbound"]
    assert found.outcome is Outcome.BROKEN
    assert found.location is not None
    assert "services.openssh.openFirewall" in found.location.name


def test_with_both_off_what_else_is_open_is_not_known() -> None:
    module = "{ services.openssh = { enable = true; openFirewall = false; }; }"
    assert findings(module)["thymis-device/no-inbound"].outcome is Outcome.OPEN


def test_what_devices_need_gets_out() -> None:
    found = findings()
    assert {found[f"thymis-device/{name}"].outcome for name in ("controller", "dns", "ntp", "dhcp")} == {Outcome.HOLDS}
