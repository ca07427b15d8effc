"""Zones are called by as little of their ids as tells them apart."""

from __future__ import annotations

from auditor.report.names import short_names


def test_a_zone_is_called_by_the_end_that_is_its_own() -> None:
    names = ["nftables:a.conf", "nftables:a.conf:lan", "nftables:a.conf:wan", "nftables:b.conf:wan", "pfsense:opt1", "the internet"]
    assert list(short_names(names).values()) == ["a.conf", "lan", "a.conf:wan", "b.conf:wan", "opt1", "the internet"]


def test_a_resource_of_terraform_goes_by_its_address_without_modules_where_no_other_does() -> None:
    names = ["terraform:module.network.aws_security_group.worker", "terraform:module.network.aws_security_group.web[0]"]
    assert list(short_names(names).values()) == ["aws_security_group.worker", "aws_security_group.web[0]"]
    twice = ["terraform:module.one.aws_security_group.web", "terraform:module.two.aws_security_group.web"]
    assert list(short_names(twice).values()) == ["module.one.aws_security_group.web", "module.two.aws_security_group.web"]


def test_a_role_keeps_its_name_beside_a_zone_that_ends_in_it() -> None:
    assert short_names(["worker", "talos:a:worker", "2001:db8::/32"]) == {
        "worker": "worker",
        "talos:a:worker": "a:worker",
        "2001:db8::/32": "2001:db8::/32",
    }


def test_what_a_configuration_calls_a_zone_comes_before_its_id_unless_it_says_the_same() -> None:
    labels = {"pfsense:opt1": "SENSORS", "pfsense:lan": "LAN", "nftables:a.conf:eth0": "behind eth0"}
    assert list(short_names(labels, labels).values()) == ["SENSORS (opt1)", "lan", "eth0"]
