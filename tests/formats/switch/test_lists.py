"""Lists as files have them: numbered and named, in the order of their numbers, changed by what comes later."""

from __future__ import annotations

import pytest

from auditor.model.filters import Filter
from tests.formats.switch.samples import extended, graph, listed, permits, six, traps

WEB = "tcp 10.0.0.1:9 > 10.0.0.2:443"


def texts(filter_: Filter) -> list[str]:
    return [rule.text for rule in filter_.rules]


def test_a_numbered_list_is_gathered_from_its_lines() -> None:
    rules = listed("access-list 101 permit tcp any any eq 443\nhostname a\naccess-list 101 remark rest\naccess-list 101 deny ip any any\n")
    assert permits(rules, WEB) is True
    assert len(rules.rules) == 2


def test_a_list_that_is_opened_twice_goes_on_where_it_was() -> None:
    rules = listed("ip access-list extended L\n permit tcp any any eq 80\nip access-list extended L\n permit tcp any any eq 443\n")
    assert texts(rules) == ["permit tcp any any eq 80", "permit tcp any any eq 443"]


def test_a_list_is_in_the_order_of_its_numbers() -> None:
    text = "ip access-list extended L\n 20 permit ip any any\n 10 deny tcp any any eq 443\n"
    assert permits(listed(text), WEB) is False
    assert traps(text) == ["sequence-order"]


def test_a_line_without_a_number_gets_the_next_ten() -> None:
    rules = extended("15 deny tcp any any", "permit udp any any", "20 deny ip any any")
    assert texts(rules) == ["15 deny tcp any any", "20 deny ip any any", "permit udp any any"]


def test_one_number_on_two_lines_leaves_both_undecided() -> None:
    text = "ip access-list extended L\n 10 permit tcp any any eq 443\n 10 deny tcp any any eq 443\n 20 permit ip any any\n"
    assert permits(listed(text), WEB) is None
    assert permits(listed(text), "udp 10.0.0.1:9 > 10.0.0.2:53") is True
    assert traps(text) == ["duplicate-sequence"]


def test_the_same_line_twice_under_one_number_is_one() -> None:
    text = "ip access-list extended L\n 10 permit tcp any any eq 443\n 10 permit tcp any any eq 443\n"
    assert len(listed(text).rules) == 1
    assert traps(text) == []


def test_a_line_can_be_taken_away_by_its_number_or_its_words() -> None:
    assert texts(extended("10 permit tcp any any", "20 permit udp any any", "no 10")) == ["20 permit udp any any"]
    assert texts(extended("permit tcp any any", "permit udp any any", "no permit tcp any any")) == ["permit udp any any"]


def test_a_list_can_be_taken_away() -> None:
    assert graph("access-list 101 permit ip any any\nno access-list 101\n").filters == ()
    assert graph("ip access-list extended L\n permit ip any any\nno ip access-list extended L\n").filters == ()


def test_settings_and_remarks_filter_nothing() -> None:
    text = "feature acl\nip access-list L\n  statistics per-entry\n  10 remark the web\n  20 permit tcp any any eq 443\n  ignore routable\n"
    assert texts(listed(text)) == ["20 permit tcp any any eq 443"]
    assert traps(text) == []


def test_a_snippet_need_not_be_indented_nor_written_out() -> None:
    rules = listed("ip access-l ext L\npermit tcp any any eq 443\ndeny ip any any\n")
    assert texts(rules) == ["permit tcp any any eq 443", "deny ip any any"]


def test_words_are_read_whatever_their_case_and_names_as_they_stand() -> None:
    text = "IP ACCESS-LIST EXTENDED Web\n PERMIT TCP any ANY EQ WWW\n"
    assert traps(text) == []
    text += "interface Vlan1\n ip address 10.0.0.1 255.255.255.0\n ip access-group web in\n"
    assert set(traps(text)) == {"undefined-acl", "unused-definition"}


def test_extended_alone_is_a_name_on_nxos_and_eos() -> None:
    assert listed("feature acl\nip access-list extended\n  10 permit ip any any\n").name == "access list extended"


def test_a_list_in_the_form_of_an_asa_is_undecided() -> None:
    text = "hostname r\naccess-list L extended permit ip any any\n"
    assert permits(listed(text), WEB) is None
    assert traps(text) == ["unparsed-entry"]


def test_a_dynamic_line_is_undecided() -> None:
    assert permits(extended("dynamic LOCK timeout 10 permit ip any any"), WEB) is None


def test_banners_certificates_and_macros_are_not_read() -> None:
    text = (
        "hostname r\nbanner motd ^C\naccess-list 101 permit ip any any\n^C\n"
        "macro name m\naccess-list 102 permit ip any any\n@\n"
        "crypto pki certificate chain c\n certificate self-signed 01\n  3082 access-list 103\n quit\n"
        "banner login #short#\naccess-list 104 permit ip any any\n"
    )
    assert [each.name for each in graph(text).filters] == ["access list 104"]


def test_a_banner_that_never_ends_is_said_and_what_follows_is_read() -> None:
    text = "hostname r\nbanner motd ^C\naccess-list 101 permit ip any any\n"
    assert traps(text) == ["unparsed-entry"]
    assert len(graph(text).filters) == 1


@pytest.mark.parametrize(
    "user",
    [
        "crypto map M 10 ipsec-isakmp\n match address L\n",
        "router bgp 65000\n neighbor 10.0.0.1 distribute-list L in\n",
        "ip nat inside source list L interface GigabitEthernet0/0 overload\n",
        "event manager applet A\n action 1 cli command L\n",
    ],
)
def test_a_list_that_selects_traffic_for_something_else_is_used(user: str) -> None:
    text = "interface GigabitEthernet0/0\n ip address 192.0.2.1 255.255.255.0\nip access-list extended L\n permit ip any any\n"
    assert "unused-definition" in traps(text)
    assert "unused-definition" not in traps(text + user)


def test_a_hop_limit_narrows_a_line_and_leaves_the_rest_of_the_list_readable() -> None:
    rules = six("permit icmp any any nd-na hoplimit", "permit tcp any any eq 443")
    assert texts(rules)[:2] == ["permit icmp any any nd-na hoplimit", "permit tcp any any eq 443"]
    assert traps("ipv6 access-list L\n permit icmp any any nd-na hoplimit\n") == []


def test_a_list_of_eos_is_called_by_a_number_and_has_both_ends_all_the_same() -> None:
    text = "! device: leaf1 (DCS-7050, EOS-4.30.1F)\nip access-list 4\n   20 permit tcp 10.0.0.0/8 any eq 443\n"
    assert permits(listed(text), WEB) is True
    assert traps(text) == []
