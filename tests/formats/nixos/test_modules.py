"""What .nix files say: literals hold, conditions are open, and nothing is ever closed for certain."""

from __future__ import annotations

import pytest

from auditor.model.graph import Place
from tests.formats.nixos.samples import load, nix, reaches, sends, tcp, udp


def test_a_literal_port_is_open_and_any_other_may_be() -> None:
    graph = nix("allowedTCPPorts = [ 443 ];")
    assert [reaches(graph, tcp(port)) for port in (443, 80)] == ["yes", "perhaps"]


def test_why_another_port_may_be_open_is_said() -> None:
    hook = nix("allowedTCPPorts = [ ];").hooks[0]
    assert any("another module may open it" in rule.text for rule in hook.filter.rules)


@pytest.mark.parametrize(
    "value",
    [
        "[ 80 ] ++ [ 443 ]",
        "lib.mkForce [ 443 ]",
        "lib.mkMerge [ [ 80 ] [ 443 ] ]",
        "lib.mkIf true [ 443 ]",
        "if true then [ 443 ] else [ ]",
        "lib.optionals config.web.enable [ 80 ] ++ [ 443 ]",
        "let port = 443; in [ port ]",
        "with lib; [ 443 ]",
    ],
)
def test_forms_that_surely_open_a_port(value: str) -> None:
    assert reaches(nix(f"allowedTCPPorts = {value};"), tcp(443)) == "yes"


@pytest.mark.parametrize(
    "value",
    [
        "lib.mkIf config.web.enable [ 443 ]",
        "if config.web.enable then [ 443 ] else [ ]",
        "lib.optional config.web.enable 443",
        "[ config.web.port ]",
        "map (x: x) [ 443 ]",
        "lib.mkIf false [ 443 ]",
        "with config; [ web ]",
        "builtins.fromJSON (builtins.readFile ./ports.json)",
    ],
)
def test_forms_that_leave_a_port_open_to_doubt(value: str) -> None:
    assert reaches(nix(f"allowedTCPPorts = {value};"), tcp(443)) == "perhaps"


def test_the_stronger_definition_of_a_switch_counts() -> None:
    graph = load(
        a_nix="{ lib, ... }: { imports = [ ./b.nix ]; networking.firewall.enable = true; }",
        b_nix="{ lib, ... }: { networking.firewall.enable = lib.mkForce false; }",
    )
    assert len(graph.hooks) == 1
    assert reaches(graph, tcp(22)) == "yes"


def test_a_switch_under_a_condition_is_open() -> None:
    hook = nix("enable = lib.mkIf config.lab false;").hooks[0]
    assert any("`config.lab` holds" in rule.text for rule in hook.filter.rules)


def test_lists_of_imported_modules_add_up() -> None:
    graph = load(
        a_nix="{ imports = [ ./b.nix ]; networking.firewall.allowedTCPPorts = [ 443 ]; }",
        b_nix="{ networking.firewall.allowedTCPPorts = [ 22 ]; }",
    )
    assert [reaches(graph, tcp(port)) for port in (443, 22)] == ["yes", "yes"]


def test_modules_that_import_each_other_end() -> None:
    graph = load(a_nix='{ imports = [ ./b.nix ]; networking.hostName = "a"; }', b_nix="{ imports = [ ./a.nix ]; }")
    assert [zone.id for zone in graph.zones] == ["nixos:a"]


def test_modules_that_only_each_other_import_are_a_host_all_the_same() -> None:
    graph = load(
        a_nix="{ imports = [ ./b.nix ]; networking.firewall.allowedTCPPorts = [ 443 ]; }",
        b_nix="{ imports = [ ./a.nix ]; networking.firewall.allowedUDPPorts = [ 53 ]; }",
    )
    assert [zone.id for zone in graph.zones] == ["nixos:a.nix"]
    assert reaches(graph, udp(53)) == "yes"


def test_open_ssh_opens_its_port_by_itself() -> None:
    graph = load(a_nix="{ services.openssh.enable = true; }")
    assert reaches(graph, tcp(22)) == "yes"


def test_open_ssh_can_be_told_not_to() -> None:
    graph = load(a_nix="{ services.openssh = { enable = true; openFirewall = false; }; }")
    assert reaches(graph, tcp(22)) == "perhaps"


def test_mosh_and_avahi_open_theirs() -> None:
    graph = load(a_nix="{ programs.mosh.enable = true; services.avahi.enable = true; }" + " " * 10 + "# networking")
    assert graph.hooks == () or reaches(graph, udp(60001)) == "yes"


def test_what_another_service_opens_is_not_known() -> None:
    graph = load(a_nix="{ services.jellyfin.openFirewall = true; }")
    assert reaches(graph, tcp(8096)) == "perhaps"


def test_outbound_is_open_from_a_literal_configuration() -> None:
    assert sends(nix("allowedTCPPorts = [ ];"), tcp(443)) == "yes"


def test_an_output_filter_without_a_known_backend_is_open() -> None:
    graph = nix("filterOutput.enabled = true;")
    assert sends(graph, tcp(443)) == "perhaps"


def test_the_machines_of_a_flake_go_by_their_names() -> None:
    graph = load(
        flake_nix="""{ outputs = { nixpkgs, ... }: { nixosConfigurations = {
          web = nixpkgs.lib.nixosSystem { modules = [ ./a.nix { networking.firewall.allowedTCPPorts = [ 443 ]; } ]; };
          db = nixpkgs.lib.nixosSystem { modules = [ ./a.nix ]; };
        }; }; }""",
        a_nix="{ networking.firewall.allowedTCPPorts = [ 22 ]; }",
    )
    assert {zone.id for zone in graph.zones} == {"nixos:web", "nixos:db"}


def test_a_host_goes_by_its_host_name_and_by_its_file() -> None:
    zone = load(a_nix='{ networking.hostName = "web"; }').zones[0]
    assert (zone.id, zone.aliases) == ("nixos:web", ("nixos:a.nix", "nixos"))


def test_files_that_say_nothing_of_firewalls_are_none_of_ours() -> None:
    graph = load(shell_nix="{ pkgs }: pkgs.mkShell { packages = [ pkgs.git ]; }")
    assert (graph.zones, graph.read) == ((), ())


def test_what_nix_evaluated_takes_the_place_of_the_files() -> None:
    graph = load(
        a_nix='{ networking.hostName = "web"; networking.firewall.allowedTCPPorts = [ 22 ]; }',
        b_json='{"hostName": "web", "firewall": {"enable": true, "allowedTCPPorts": [443], "allowedUDPPorts": []}}',
    )
    assert [zone.id for zone in graph.zones] == ["nixos:web"]
    assert reaches(graph, tcp(22)) == "no"


def test_a_port_is_blamed_where_it_is_written() -> None:
    graph = load(a_nix="{\n  networking.firewall.allowedTCPPorts = let\n    web = 443;\n  in [ web ];\n}\n")
    rule = next(rule for rule in graph.hooks[0].filter.rules if rule.name == "allowedTCPPorts")
    assert (rule.span.line, rule.span.column) == (3, 11)


def test_a_gap_in_a_text_makes_its_line_open_and_no_other() -> None:
    graph = nix(
        'extraInputRules = "";\n  };\n  networking.nftables.enable = true;\n  networking.firewall = {\n'
        "extraInputRules = ''\n  ip saddr ${config.lan} tcp dport 22 accept\n  tcp dport 80 accept\n'';"
    )
    assert any(rule.text == "tcp dport 80 accept" for rule in graph.hooks[0].filter.rules)
    assert not [note for note in graph.notes if note.trap.startswith("nftables/")]


def test_forwarding_that_is_on_and_not_filtered_is_a_hook_that_permits() -> None:
    graph = load(a_nix='{ boot.kernel.sysctl."net.ipv4.ip_forward" = 1; networking.firewall.enable = true; }')
    hook = next(hook for hook in graph.hooks if hook.place is Place.TRANSIT)
    assert (hook.filter.default, hook.filter.span.end_column - hook.filter.span.column) == ("permit", 1)


def test_a_forced_list_takes_the_place_of_what_services_add() -> None:
    graph = load(a_nix="{ lib, ... }: { services.openssh.enable = true; networking.firewall.allowedTCPPorts = lib.mkForce [ 443 ]; }")
    assert [reaches(graph, tcp(port)) for port in (443, 22)] == ["yes", "perhaps"]


def test_where_the_firewall_is_off_a_ruleset_of_ones_own_is_the_filter() -> None:
    graph = load(
        a_nix="""{
          networking.firewall.enable = false;
          networking.nftables.enable = true;
          networking.nftables.ruleset = ''
            table inet own { chain in { type filter hook input priority 0; policy drop; ct state established accept
              tcp dport 443 accept } }
          '';
        }"""
    )
    assert [reaches(graph, tcp(port)) for port in (443, 22)] == ["yes", "no"]
    assert not [note for note in graph.notes if note.trap == "disabled"]


def test_tables_that_only_translate_filter_nothing() -> None:
    table = 'table ip nat { chain post { type nat hook postrouting priority 100; oifname "wan0" masquerade; } }'
    text = f"networking.nftables = {{ enable = true; ruleset = ''\n{table}\n''; }};"
    assert reaches(load(a_nix=f"{{ networking.firewall.enable = false; {text} }}"), tcp(22)) == "yes"


def test_a_ruleset_in_a_file_leaves_everything_open() -> None:
    options = "networking.nftables = { enable = true; rulesetFile = ./rules.nft; };"
    assert reaches(load(a_nix=f"{{ networking.firewall.enable = false; {options} }}"), tcp(22)) == "perhaps"


def test_nothing_heavy_is_imported_for_files_that_say_nothing() -> None:
    import subprocess
    import sys

    code = """if True:
        import sys
        from auditor.files import MemoryTree
        from auditor.formats.base import Options
        from auditor.formats.nixos import FORMAT
        dump = '{"enable": true, "allowedTCPPorts": [22]}'
        FORMAT.load(MemoryTree({"a.nix": "{ pkgs }: pkgs.mkShell { }", "b.json": dump}), ["a.nix", "b.json"], Options())
        print(*sorted(name for name in sys.modules if name.startswith(("tree_sitter", "lark", "auditor.formats.nftables."))))
    """
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == []
