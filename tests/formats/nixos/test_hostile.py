"""Broken and hostile input costs a remark, never a traceback and never much time; secrets are never said."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.files import MemoryTree
from tests.formats.nixos.samples import load, load_tree, reaches, tcp

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures"
TEXTS = sorted({path.read_text() for kind in ("nixos", "matrix") for path in (FIXTURES / kind).rglob("*.nix")})
DUMPS = sorted({path.read_text() for path in FIXTURES.rglob("nixos/*.json")})
HEAD = "{ networking.firewall.allowedTCPPorts = "


def lists() -> str:
    return HEAD + "[" + "(" * 50_000 + "1" + ")" * 50_000 + "]; }"


def sets() -> str:
    return "{ networking.firewall = " + "{ a = " * 20_000 + "1" + "; }" * 20_000 + "; }"


def joined() -> str:
    return HEAD + " ++ ".join(["[ 1 ]"] * 20_000) + "; }"


def doubling() -> str:
    names = "".join(f"a{i} = a{i - 1} ++ a{i - 1}; " for i in range(1, 60))
    return "let a0 = [ 1 ]; " + names + "in " + HEAD + "a59; }"


def circle() -> str:
    return "let a = b; b = a; in " + HEAD + "a; }"


def imports() -> str:
    return '{ networking.hostName = "a"; imports = ' + " ++ ".join(["[ ./b.nix ]"] * 5_000) + "; }"


def large() -> str:
    return HEAD + "[ 443 ]; environment.etc.x.text = ''\n" + "password line\n" * 750_000 + "''; }"


def ports() -> str:
    return HEAD + "[ " + " ".join(str(i % 60_000) for i in range(20_000)) + " ]; }"


def functions() -> str:
    return "x: " * 20_000 + '{ networking.hostName = "a"; }'


def unclosed() -> str:
    return HEAD + "[ 443 " + "{ a = [ '' ${ " * 20_000


SHAPES = [lists, sets, joined, doubling, circle, imports, large, ports, functions, unclosed]


@pytest.mark.parametrize("made", SHAPES, ids=lambda made: made.__name__)
def test_much_of_anything_is_read_in_seconds(made: object) -> None:
    assert callable(made)
    text = made()
    start = time.monotonic()
    load(a_nix=text)
    assert time.monotonic() - start < 10


@pytest.mark.parametrize("number", ["9" * 5000, "²"])
def test_numbers_that_are_none_are_no_traceback(number: str) -> None:
    commands = f"iptables -A nixos-fw -p {number} -j ACCEPT\niptables -A nixos-fw -p tcp --dport {number} -j ACCEPT\n"
    forwards = f'networking.nat.forwardPorts = [ {{ sourcePort = 80; destination = "10.0.0.1:{number}"; }} ];'
    containers = f'virtualisation.oci-containers.containers.a.ports = [ "{number}:80" ];'
    load(a_nix=f"{{ networking.firewall.extraCommands = ''{commands}''; {forwards} {containers} }}")


def test_deep_json_is_refused() -> None:
    graph = load(a_json='{"allowedTCPPorts": ' + "[" * 100_000)
    assert [note.trap for note in graph.notes] == ["unparsable"]


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"\x00" * 100, b"{ networking = \xc3\x28; }"])
def test_what_is_no_text_is_told_and_the_others_are_read(content: bytes) -> None:
    graph = load_tree(MemoryTree({"a.nix": content, "b.nix": HEAD + "[ 443 ]; }"}))
    assert [(note.trap, note.span.path) for note in graph.notes] == [("unparsable", "a.nix")]
    assert [zone.id for zone in graph.zones] == ["nixos:b.nix"]


def test_of_a_broken_file_the_rest_is_read() -> None:
    graph = load(a_nix="{\n  networking.firewall.allowedTCPPorts = [ 443 ];\n  users = { ;;= };\n  networking.nftables.enable = true;\n}\n")
    assert [note.trap for note in graph.notes] == ["unparsable"]
    assert reaches(graph, tcp(443)) == "yes"


@pytest.mark.parametrize(
    "text",
    [
        "{\n  lib,\n  pkgs ? null, # the last\n}:\n{\n  networking.firewall.allowedTCPPorts = [ 443 ];\n}\n",
        "{\n  a = { rsa ? false, }: rsa;\n  networking.firewall.allowedTCPPorts = [ 443 ];\n}\n",
        '{ lib, ... }:\n{\n  a = "x |> y, }" |> lib.id;\n  b = lib.id <| x;\n  networking.firewall.allowedTCPPorts = [ 443 ];\n}\n',
    ],
)
def test_commas_behind_the_last_argument_and_pipes_are_nix(text: str) -> None:
    graph = load(a_nix=text)
    assert [note.trap for note in graph.notes] == []
    assert reaches(graph, tcp(443)) == "yes"


def test_what_a_pipe_makes_is_computed() -> None:
    graph = load(a_nix="{ lib, ... }: { networking.firewall.allowedTCPPorts = [ 443 ] |> lib.filter; }")
    assert reaches(graph, tcp(443)) == "perhaps"


def test_a_secret_is_never_said() -> None:
    secret = "correct-horse-battery-staple"
    graph = load(
        a_nix=f"""{{ config, ... }}:
        let password = "{secret}"; in {{
          networking.firewall.allowedTCPPorts = if password == "{secret}" then [ 22 ] else [ 23 ];
          networking.firewall.extraInputRules = ''ip saddr ${{f "{secret}"}} accept'';
          networking.wireless.networks.home.psk = "{secret}";
          networking.firewall.enable = lib.mkIf (check "{secret}") true;
          imports = [ (builtins.fetchTarball "https://user:{secret}@example.org") ];
        }}"""
    )
    assert graph.hooks
    assert secret not in repr(graph)


words = st.sampled_from(
    [*"{}[]()=;'\"$.:é\n", "''", "${", "lib.mkIf x ", "imports", "let ", " in ", "++", "//", "inherit ", "null", "with x; "]
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(TEXTS), st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 12), words), min_size=1, max_size=4))
def test_a_garbled_file_never_brings_the_reader_down(text: str, edits: list[tuple[int, int, str]]) -> None:
    for at, length, word in edits:
        at %= len(text) + 1
        text = text[:at] + word + text[at + length :]
    load(a_nix=text, b_nix=TEXTS[0])


pieces = st.sampled_from([*'{}[]:,"\\0-', "null", "true", "1e999", '"firewall"', '"enable"', "\\u12", '"tables"'])


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(DUMPS), st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 12), pieces), min_size=1, max_size=3))
def test_a_garbled_dump_never_brings_the_reader_down(text: str, edits: list[tuple[int, int, str]]) -> None:
    for at, length, piece in edits:
        at %= len(text) + 1
        text = text[:at] + piece + text[at + length :]
    load(a_json=text)


def test_a_long_chain_of_imports_is_followed() -> None:
    files = {f"m{i}.nix": f"{{ imports = [ ./m{i + 1}.nix ]; networking.firewall.allowedTCPPorts = [ {i} ]; }}" for i in range(1500)}
    graph = load_tree(MemoryTree({**files, "m1500.nix": "{ networking.firewall.allowedTCPPorts = [ 9999 ]; }"}))
    assert reaches(graph, tcp(9999)) == "yes"


def test_what_is_too_large_or_no_nix_at_all_is_told_in_time() -> None:
    start = time.monotonic()
    graph = load_tree(MemoryTree({"a.nix": "networking " + "}]){([" * 500_000, "b.nix": "# networking\n" * 1_000_000}))
    assert [(note.trap, note.span.path) for note in graph.notes] == [("unparsable", "a.nix"), ("unparsable", "b.nix")]
    assert time.monotonic() - start < 20


def test_a_large_dump_is_read_past_what_does_not_matter() -> None:
    import json

    rest = [{"a": number, "b": ["c", None]} for number in range(300_000)]
    start = time.monotonic()
    graph = load(a_json=json.dumps({"firewall": {"enable": True, "allowedTCPPorts": [443]}, "rest": rest}))
    assert reaches(graph, tcp(443)) == "yes"
    assert time.monotonic() - start < 15


def test_modules_beyond_the_limit_are_said_to_be_unread() -> None:
    names = [f"m{number}.nix" for number in range(2_100)]
    files: dict[str, str | bytes] = dict.fromkeys(names, "{ }")
    files["a.nix"] = '{ networking.hostName = "a"; imports = [ ' + " ".join(f"./{name}" for name in names) + " ]; }"
    unread = [note for note in load_tree(MemoryTree(files)).notes if "2,000 others are" in note.message]
    assert 90 < len(unread) < 110
