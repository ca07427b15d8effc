"""Object groups, in the dialects' own forms."""

from __future__ import annotations

from tests.formats.switch.samples import graph, listed, permits, traps

WEB = "tcp 10.0.0.1:9 > 10.40.0.7:443"
LIST = "ip access-list extended L\n permit {}\n"


def test_a_network_group_has_netmasks_hosts_and_ranges() -> None:
    text = "object-group network G\n 10.40.0.0 255.255.255.0\n host 10.41.0.1\n range 10.42.0.5 10.42.0.9\n" + LIST.format(
        "tcp any object-group G"
    )
    said = [permits(listed(text), f"tcp 10.0.0.1:9 > {end}:443") for end in ("10.40.0.7", "10.41.0.1", "10.42.0.9", "10.42.0.10")]
    assert said == [True, True, True, False]


def test_groups_hold_groups_even_in_a_circle() -> None:
    text = "object-group network A\n host 10.40.0.7\n group-object B\nobject-group network B\n host 10.40.0.8\n group-object A\n"
    assert permits(listed(text + LIST.format("tcp any object-group A")), "tcp 10.0.0.1:9 > 10.40.0.8:443") is True


def test_a_wildcard_in_a_network_group_is_undecided() -> None:
    text = "object-group network G\n 10.40.0.0 0.0.0.255\n" + LIST.format("tcp any object-group G")
    assert permits(listed(text), WEB) is None
    assert traps(text) == ["wildcard-in-group"]


def test_a_service_group_stands_for_protocol_and_ports() -> None:
    text = "object-group service S\n tcp eq 443\n udp source gt 1023 eq domain\n tcp-udp range 5000 5001\n icmp echo\n ospf\n"
    rules = listed(text + LIST.format("object-group S any any"))
    assert permits(rules, WEB) is True
    assert permits(rules, "tcp 10.0.0.1:9 > 10.0.0.2:80") is False
    assert permits(rules, "udp 10.0.0.1:1024 > 10.0.0.2:53") is True
    assert permits(rules, "udp 10.0.0.1:53 > 10.0.0.2:53") is False
    assert permits(rules, "udp 10.0.0.1:9 > 10.0.0.2:5001") is True
    assert permits(rules, "icmp 10.0.0.1 > 10.0.0.2:8") is True


def test_groups_of_nxos_have_numbers_and_wildcards() -> None:
    text = (
        "feature acl\nobject-group ip address A\n  10 10.40.0.0 0.0.0.255\n  20 host 10.41.0.1\nobject-group ip port P\n  10 eq 443\n"
        "  20 range 8000 8010\nip access-list L\n  10 permit tcp any addrgroup A portgroup P\n"
    )
    rules = listed(text)
    assert permits(rules, WEB) is True
    assert permits(rules, "tcp 10.0.0.1:9 > 10.41.0.1:8010") is True
    assert permits(rules, "tcp 10.0.0.1:9 > 10.42.0.1:443") is False


def test_a_group_that_is_missing_or_empty_decides_nothing() -> None:
    for text in ("", "object-group network G\n description none\n"):
        whole = text + LIST.format("tcp any object-group G eq 443")
        assert permits(listed(whole), WEB) is None
        assert permits(listed(whole), "tcp 10.0.0.1:9 > 10.40.0.7:80") is False
        assert traps(whole) == ["undefined-group"]


def test_a_member_that_cannot_be_read_makes_its_group_larger_by_who_knows_what() -> None:
    text = "object-group network G\n host 10.40.0.7\n host example.org\n" + LIST.format("tcp any object-group G")
    assert permits(listed(text), WEB) is True
    assert permits(listed(text), "tcp 10.0.0.1:9 > 10.99.0.1:443") is None
    assert traps(text) == ["unparsed-entry"]


def test_a_group_of_which_one_block_is_of_an_unread_kind_holds_the_other_and_who_knows_what() -> None:
    text = "object-group security G\n tag 7\nobject-group network G\n host 10.40.0.7\n" + LIST.format("tcp any object-group G")
    assert permits(listed(text), WEB) is True
    assert permits(listed(text), "tcp 10.0.0.1:9 > 10.99.0.1:443") is None


def test_a_long_chain_of_groups_ends() -> None:
    chain = "".join(f"object-group network G{number}\n group-object G{number + 1}\n" for number in range(2000))
    assert len(graph(chain + LIST.format("tcp any object-group G0")).filters) == 1


def test_groups_that_only_hold_each_other_leave_their_lines_open() -> None:
    text = "object-group network A\n group-object B\nobject-group network B\n group-object A\n"
    found = listed(text + "ip access-list extended L\n permit ip object-group A any\n")
    assert permits(found, "tcp 10.0.0.1:1024 > 10.0.0.2:80") is None
