"""What is recognised, and what hostile or broken files come to: a message, in time, and no secret."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.files import MemoryTree
from auditor.formats.base import Options
from auditor.formats.switch import FORMAT
from auditor.model.graph import Graph

SECRET = "hunter2hunter2"


def load(data: str | bytes) -> Graph:
    return FORMAT.load(MemoryTree({"a.cfg": data}), ["a.cfg"], Options())


@pytest.mark.parametrize(
    "head",
    [
        b"ip access-list extended L\n permit ip any any\n",
        b"access-list 10 permit any\r\n",
        b"!Command: show running-config\nversion 9.3(5)\n",
        b"! device: leaf1 (DCS-7050, EOS-4.30.1F)\n",
        b"version 17.9\nhostname core\n",
        b"hostname a\ninterface Ethernet1\n",
        b"ASA Version 9.9\n",
        b"Building configuration...\n",
    ],
)
def test_a_configuration_is_recognised_by_what_it_says(head: bytes) -> None:
    assert FORMAT.claims("anything", head)


@pytest.mark.parametrize(
    ("path", "head"),
    [
        ("README.md", b"ip access-list extended L\n"),
        ("main.tf", b"# ip access-list extended L\n"),
        ("nftables.conf", b"flush ruleset\ntable inet filter {\n}\n"),
        ("frr.conf", b"frr version 8.4\nhostname r\naccess-list A permit 10.0.0.0/8\n"),
        ("dhcpcd.conf", b"hostname\ninterface eth0\nstatic ip_address=192.0.2.1/24\n"),
        ("junos.conf", b"system {\n host-name r;\n}\ninterfaces {\n}\n"),
        ("acl.yml", b"- name: acl\n  ios_acls:\n    config:\n"),
        ("empty", b""),
        ("text", b"the access-list of the house\n"),
    ],
)
def test_other_files_are_not(path: str, head: bytes) -> None:
    assert not FORMAT.claims(path, head)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"ip access-list extended L\n\0\0\0", "binary"),
        (b"hostname \xff\xfe\nip access-list extended L\n", "not utf-8 text"),
        ("hostname {{ name }}\nip access-list extended L\n", "template"),
        ("ASA Version 9.9\naccess-list L extended permit ip any any\n", "ASA"),
    ],
)
def test_what_cannot_be_read_is_said(data: str | bytes, said: str) -> None:
    (note,) = load(data).notes
    assert note.trap == "unparsable"
    assert said in note.message
    assert "a.cfg" in note.message


@pytest.mark.parametrize(
    "text",
    [
        "ip access-list extended\n",
        "ip access-list\n",
        "access-list\naccess-list 1\naccess-list 101 permit\n",
        "ip access-list extended L\n permit\n permit tcp\n permit tcp any\n permit tcp any eq\n permit tcp any any eq\n",
        "ip access-list extended L\n permit ip 10.0.0.0\n permit ip 999.0.0.1 0.0.0.0 any\n",
        "ip access-list extended L\n 99999999999999999999 permit ip any any\n permit ip 10.0.0.0 0.0.0\n",
        "object-group\nobject-group network\nobject-group network G\n group-object\n range 10.0.0.1\n host\n",
        "interface\ninterface Vlan\n ip address\ninterface Vlan99999\n ip address 10.0.0.1 255.0.255.0\n",
        "interface Vlan30\n ip access-group\n ip access-group X\n",
        "vlan\nvlan access-map\nvlan access-map M\n match\n match ip address\n action\n",
        "vlan filter M\nvlan filter M vlan-list\nvlan filter M vlan-list x-y\n",
        "ip route\nip route 0.0.0.0\nip route 0.0.0.0 0.0.0.0\nip route vrf A 0.0.0.0 0.0.0.0 10.0.0.1\nvrf context\n",
        "line vty\n access-class\nline vty 0 4\n access-class X\n access-class\n",
        "time-range\nrouter\nhostname\nbanner\nbanner motd\nmacro name\n",
        "ip access-list extended L\n permit tcp any any eq 443",
    ],
)
def test_a_file_that_breaks_off_anywhere_is_read_as_far_as_it_goes(text: str) -> None:
    for length in range(len(text)):
        load(text[:length])
    load("hostname a\n" + text)


@given(st.text(alphabet=st.sampled_from(sorted(set("permitdnyhosacl-group 0123456789./:\n!^{interfacvtqw"))), max_size=300))
def test_no_text_ends_in_a_traceback(text: str) -> None:
    load("ip access-list extended L\n permit ip any any\n" + text)


@pytest.mark.parametrize("number", ["9" * 5000, "²", "٣", "-1"])
def test_numbers_that_are_none_are_no_traceback(number: str) -> None:
    vlans = "".join(f" switchport {what} {number}\n" for what in ("access vlan", "voice vlan", "trunk native vlan", "trunk allowed vlan"))
    load(
        f"vlan access-map M {number}\n action drop\nvlan filter M vlan-list {number}\n"
        f"ip access-list extended L\n {number} permit ip any any\n"
        f" no {number}\n permit {number} any any\n permit tcp any any eq {number}\ninterface Vlan{number}\n ip access-group L in\n"
        f" ip address 10.0.0.{number} 255.0.0.0\n ip address 10.0.0.1/{number}\n encapsulation dot1Q {number}\n{vlans}"
    )


@pytest.mark.parametrize(
    "line", ["description", "ip", "ip access-group", "no", "switchport", "encapsulation", "vrf", "service-policy", "ip address"]
)
def test_a_command_that_breaks_off_is_no_traceback(line: str) -> None:
    load(f"ip access-list extended L\n permit ip any any\n {line}\ninterface Vlan1\n ip access-group L in\n {line}\n{line}\n")


def timed(text: str) -> float:
    began = time.process_time()
    load(text)
    return time.process_time() - began


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"access-list 101 permit ip {number}.0.0.1 {254 - number}.255.0.254 any\n" for number in range(250)),
        "ip access-list extended L\n" + " " * 200_000 + "permit ip any any\n",
        "ip access-list extended L\n permit tcp any any eq " + "80 " * 300_000 + "\n",
        "".join(f"{' ' * depth}interface Vlan{depth}\n" for depth in range(1500)),
        "ip access-list extended L\n" + "".join(f" permit ip 10.0.0.{number % 256} 255.255.0.0 any\n" for number in range(64)),
        "access-list 101 permit ip any any\n" * 40_000,
        "banner motd ^C\n" * 20_000,
        "vlan filter M vlan-list 1-4094\nvlan access-map M 10\n" * 2_000,
    ],
    ids=["holes", "blanks", "ports", "nesting", "wildcards", "lines", "banners", "maps"],
)
def test_hostile_input_takes_bounded_time(text: str) -> None:
    assert timed(text) < 30


def test_no_secret_is_in_anything_that_is_said() -> None:
    text = (
        f"hostname a\nenable secret 5 {SECRET}\nusername u password 7 {SECRET}\nsnmp-server community {SECRET} RO 10\n"
        f"ip access-list extended L\n permit tcp any any eq 443\n enable secret {SECRET}\n snmp-server community {SECRET}\n"
        f"interface Vlan30\n description password {SECRET}\n ip address 10.0.0.1 255.255.255.0\n ip access-group L in\n"
        f" standby 1 authentication {SECRET}\nline vty 0 4\n password {SECRET}\n"
    )
    made = load(text)
    assert len(made.notes) >= 3
    assert SECRET not in repr((made.notes, made.zones, [(hook.label, hook.filter.name) for hook in made.hooks]))
    assert SECRET not in repr([(rule.text, rule.name) for each in made.filters for rule in each.rules])


def test_a_file_that_is_too_long_is_refused_and_costs_little() -> None:
    found = load("hostname x\nip access-list extended A\n" + " permit ip any any\n" * 200_000)
    assert [note.trap for note in found.notes] == ["unparsable"]
    assert "200,000 lines" in found.notes[0].message
