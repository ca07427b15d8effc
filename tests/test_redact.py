"""What an excerpt never shows, and what it must go on showing."""

from __future__ import annotations

import pytest

from auditor.excerpts import Excerpts
from auditor.files import MemoryTree
from auditor.redact import BLANK, hidden, quoted, redact


@pytest.mark.parametrize(
    "line",
    [
        'password = "hunter2"',
        "      token: hunter2.hunter2",
        "<bcrypt-hash>hunter2</bcrypt-hash>",
        "<prv>hunter2</prv>",
        "snmp-server community hunter2 RO",
        "enable secret 5 hunter2",
        "snmp-server host 10.0.0.1 version 2c hunter2",
        "snmp-server user u g v3 auth sha hunter2 priv aes 128 hunter2",
        "snmp-server user u network-admin auth md5 hunter2 priv hunter2 localizedkey",
        "tacacs-server host 10.0.0.1 key 7 hunter2",
        "radius-server key hunter2",
        " key 7 hunter2",
        "crypto isakmp key hunter2 address 10.0.0.1",
        " ip ospf authentication-key hunter2",
        " ip ospf message-digest-key 1 md5 7 hunter2",
        " standby 1 authentication hunter2",
        " vrrp 1 authentication text hunter2",
        "ntp authentication-key 1 md5 hunter2 7",
        " wpa-psk ascii 0 hunter2",
        " pre-shared-key address 10.0.0.1 key hunter2",
        "url = https://user:hunter2@host/x",
        'TF_VAR_db_passwd: "hunter2"',
        "pre-shared-key: hunter2",
        "wireguard_private_key: hunter2",
        "- {op: replace, path: /machine/token, value: hunter2}",
        '[{"op": "add", "path": "/cluster/ca/key", "value": "hunter2"}]',
    ],
)
def test_the_value_of_a_telling_name_is_blanked(line: str) -> None:
    assert "hunter2" not in redact(line)
    assert BLANK in redact(line)


@pytest.mark.parametrize(
    "word",
    [
        "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl",
        "LS0tLS1CRUdJTiBFQ0RTQSBQUklWQVRFIEtFWS0tLS0tCk1IY0NBUUVFSU",
        "$6$rounds=5000$abc$Yhc0Vx1kQ9",
        "x1y2z3.0a1b2c3d4e5f6a7b",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    ],
)
def test_words_drawn_by_lot_are_blanked(word: str) -> None:
    assert word not in redact(f'anything "{word}"')


@pytest.mark.parametrize(
    "line",
    [
        "cidr_blocks = [var.vpc_cidr]",
        "  password = var.db_password",
        'resource "aws_vpc_security_group_ingress_rule" "controlplane-etcd-2379-2380" {',
        'resource "aws_security_group" "token_service" {',
        "security_groups = [module.network.aws_security_group.control_plane_internal.id]",
        'prefix_list_ids = ["pl-0123456789abcdef0"]',
        'ip saddr 10.0.0.0/8 tcp dport { 2379-2380 } accept comment "etcd"',
        "ip6 saddr fe80:0000:0000:0000:0202:b3ff:fe1e:8329 accept",
        'description = "the token bucket"',
        "aaa authentication login default group tacacs+ local",
        " neighbor 10.0.0.1 remote-as 65000",
        "ntp server 10.0.0.1 key 10",
        "allow-all-from-TalosControlPlane01ToWorker02",
        "\tindented = true",
    ],
)
def test_what_a_rule_says_stays(line: str) -> None:
    assert redact(line) == line


def test_control_characters_do_not_reach_the_terminal() -> None:
    assert redact("a\x1b[31mb\u202ec\r") == "a\\u001b[31mb\\u202ec\\u000d"


def test_a_long_line_is_cut() -> None:
    assert redact("a " * 5000).endswith("…")
    assert len(redact("a " * 5000)) < 500


def lines(text: str) -> tuple[str, ...]:
    return Excerpts(MemoryTree({"x": text})).lines("x", 1, 99)


def test_a_key_in_armour_is_blanked_to_its_end() -> None:
    text = "a: |\n  -----BEGIN PRIVATE KEY-----\n  c2Vj\n  cmV0\n  -----END PRIVATE KEY-----\nb: 1"
    assert lines(text) == ("a: |", BLANK, BLANK, BLANK, BLANK, "b: 1")


def test_an_armoured_key_without_an_end_hides_the_rest() -> None:
    assert lines("-----BEGIN PRIVATE KEY-----\nx\ny") == (BLANK, BLANK, BLANK)


def test_what_stands_under_a_telling_name_is_blanked() -> None:
    assert lines('variable "db_password" {\n  default = "hunter2"\n}\nx = 1') == ('variable "db_password" {', BLANK, "}", "x = 1")
    assert lines("password: |\n  hunter2\n\nother: 1") == ("password: |", BLANK, BLANK, "other: 1")
    assert lines("secret = <<EOT\n  hunter2\nEOT") == (f"secret = {BLANK}", BLANK, "EOT")


def test_lines_outside_the_file_are_left_out() -> None:
    sources = Excerpts(MemoryTree({"x": "a\r\nb\n"}))
    assert sources.lines("x", 0, 2) == ("a", "b")
    assert sources.lines("x", 9, 12) == ()
    assert sources.lines("missing", 1, 3) == ()


def test_nothing_of_a_binary_file_is_shown() -> None:
    assert Excerpts(MemoryTree({"main.tf": b"resource {\n\0\x01\n"})).lines("main.tf", 1, 2) == ()


def test_the_content_of_a_file_and_what_a_patch_sets_at_a_telling_path_are_not_shown() -> None:
    text = "files:\n  - path: /etc/a\n    content: |\n      hunter2\n  - path: /etc/b\n"
    patch = "- op: replace\n  path: /machine/token\n  value: hunter2\n- op: replace\n  path: /machine/type\n  value: worker\n"
    shown = [Excerpts(MemoryTree({"a.yaml": each})).lines("a.yaml", 1, 6) for each in (text, patch)]
    assert shown[0] == ("files:", "  - path: /etc/a", "    content: |", BLANK, "  - path: /etc/b")
    assert shown[1][2] == BLANK
    assert shown[1][5] == "  value: worker"


def test_who_is_authorised_and_how_is_not_told() -> None:
    assert redact('curl -H "Authorization: Bearer Zq7abc9x" https://a') == f'curl -H "Authorization: Bearer {BLANK}" https://a'


def test_a_certificate_that_is_written_out_is_hidden_up_to_its_end() -> None:
    lines = ["crypto pki certificate chain X", " certificate self-signed 01", "  30820330", "  quit", "line vty 0 4"]
    assert hidden(lines) == {2, 3}


def test_a_certificate_that_is_kept_elsewhere_hides_nothing() -> None:
    assert not hidden(["crypto pki certificate chain X", " certificate ca 01 nvram:CA#1CA.cer", "line vty 0 4"])


@pytest.mark.parametrize("text", ["office", "rule for the web servers", "TCP 443 to 10.0.0.1"])
def test_a_description_is_quoted_as_it_is(text: str) -> None:
    assert quoted(text) == text


@pytest.mark.parametrize("text", ["password: hunter2hunter2", "https://me:hunter2hunter2@host/x", "token=hunter2hunter2"])
def test_a_description_is_quoted_without_its_secrets(text: str) -> None:
    assert "hunter2" not in quoted(text)
