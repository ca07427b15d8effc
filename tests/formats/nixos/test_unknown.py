"""Options that NixOS does not have, and values they do not take, are told; those that exist are not."""

from __future__ import annotations

import pytest

from auditor.model.graph import Graph
from auditor.model.source import Level
from tests.formats.nixos.samples import dump, load, nix, reaches, tcp


def told(graph: Graph) -> list[tuple[str, Level, int]]:
    return [(note.trap, note.level, note.span.line) for note in graph.notes if note.trap in ("unknown-option", "option-type")]


def module(*lines: str) -> Graph:
    return load(a_nix="{ lib, ... }:\n{\n" + "\n".join(lines) + "\n}\n")


@pytest.mark.parametrize(
    "line",
    [
        "networking.firewall.allowedTCPPort = [ 22 ];",
        "networking.firewall = { interfaces.eth0.allowedTCPorts = [ 22 ]; };",
        "networking.firewall.filterOutput.enable = true;",
        "networking.nftables.enabel = true;",
        'networking.nftables.tables.own = { familiy = "inet"; };',
        "networking.nat.forwardPort = [ ];",
        'networking.nat.forwardPorts = [ { sourcPort = 80; destination = "10.0.0.1:80"; } ];',
        "networking.firewall.allowedTCPPortRanges = [ { form = 1; to = 2; } ];",
        "networking.firewal.enable = false;",
        "networking.nftable = { enable = true; };",
        "netwrking.firewall.enable = false; networking.enableIPv6 = true;",
        "services.openssh.openFirewal = false;",
        "services.nginx = { openFirewal = true; }; services.openssh.enable = false;",
        "services.openssh.port = [ 2222 ];",
        "services.opensh.enable = true; networking.enableIPv6 = true;",
    ],
)
def test_a_misspelt_option_is_an_error_at_its_line(line: str) -> None:
    assert told(module(line)) == [("unknown-option", Level.ERROR, 3)]


@pytest.mark.parametrize(
    "line",
    [
        'networking.firewall.enable = "false";',
        "networking.firewall.allowedTCPPorts = 22;",
        'networking.firewall.allowedTCPPorts = [ "22" ];',
        "networking.firewall.allowedTCPPorts = lib.optionals x [ 70000 ];",
        "networking.firewall.allowedTCPPortRanges = [ 22 ];",
        "networking.firewall.interfaces.eth0 = [ 22 ];",
        "networking.firewall.extraInputRules = true;",
        'networking.firewall.trustedInterfaces = "wg0";',
    ],
)
def test_a_value_that_the_option_does_not_take_is_an_error(line: str) -> None:
    assert [level for _, level, _ in told(module(line))] == [Level.ERROR]


def test_an_option_that_is_near_none_may_be_of_another_module_and_is_told_once() -> None:
    assert told(nix("zones.dmz.interfaces = [ ];\nzones.lan.interfaces = [ ];")) == [("unknown-option", Level.NOTE, 5)]


def test_an_option_that_a_module_at_hand_declares_is_known() -> None:
    declared = "{ lib, ... }: { options.networking.firewall = { ports = lib.mkOption { }; allowedTCPPort = lib.mkOption { }; }; }"
    used = "{ networking.firewall.ports = [ 22 ]; networking.firewall.allowedTCPPort = [ 80 ]; networking.firewall.prots = [ 3 ]; }"
    assert [line for _, _, line in told(load(a_nix=declared, b_nix=used))] == [1]


@pytest.mark.parametrize(
    "lines",
    [
        'networking.firewall = { enable = true; package = pkgs.iptables; checkReversePath = "loose"; backend = "nftables"; };',
        'networking.firewall = { autoLoadConntrackHelpers = true; connectionTrackingModules = [ "ftp" ]; extraStopCommands = ""; };',
        'networking.nftables = { extraDeletions = ""; rulesetFile = ./a.nft; checkRulesetRedirects = { x = ./y; }; };',
        "networking.nat = { internalIPv6s = [ ]; dmzHost = null; externalIPv6 = null; enableIPv6 = true; extraCommands = a + b; };",
        "networking.firewall.allowedTCPPorts = lib.mkForce (lib.optionals x [ 22 ] ++ config.ports ++ map f [ 1 ]);",
        "networking.firewall.${name} = true; networking.firewall.interfaces.${i}.allowedTCPPorts = [ 1 ];",
        'networking.hostId = "a"; networking.hosts = { }; services.openssh.settings.X = 1; services.x.openPorts = true;',
    ],
)
def test_options_that_exist_are_not_told(lines: str) -> None:
    assert told(module(lines, "networking.enableIPv6 = true;")) == []


def test_what_nix_evaluated_is_right() -> None:
    assert told(dump(zones={"dmz": {"x": True}})) == []


def test_a_name_of_the_users_is_never_taken_for_a_list() -> None:
    graph = nix("interfaces.allowed0 = { allowedTCPPorts = [ 22 ]; };\ninterfaces.ports = { allowedUDPPort = [ 22 ]; };")
    assert any(zone.id.endswith(":allowed0") for zone in graph.zones)
    assert told(graph) == [("unknown-option", Level.ERROR, 6)]


def test_a_misspelt_option_opens_nothing() -> None:
    assert reaches(nix("allowedTCPPort = [ 8080 ];"), tcp(8080)) == "perhaps"
