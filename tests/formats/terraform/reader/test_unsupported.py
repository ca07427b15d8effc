"""Names that nothing takes are said at their line: Terraform refuses them, and what was meant would be passed over."""

from __future__ import annotations

import time

import pytest

from auditor.formats.terraform.schemas import PROVIDERS, shape_of
from tests.formats.terraform.reader.reading import root_of


def said(text: str, more: dict[str, str | bytes] | None = None) -> list[tuple[int, str]]:
    notes = root_of(text, more).notes()
    return [(note.span.line, note.message) for note in notes if note.trap == "unsupported-argument"]


def group(body: str) -> str:
    return f'resource "aws_security_group" "a" {{\n{body}\n}}\n'


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ('resource "aws_security_group_rule" "r" {\n  cidr_block = ["0.0.0.0/0"]\n}\n', 2, "cidr_blocks?"),
        (group("  ingress {\n    fromport = 22\n  }"), 3, "from_port?"),
        (group("  ingres {\n  }"), 2, "ingress?"),
        (group('  dynamic "ingres" {\n    for_each = []\n    content {\n    }\n  }'), 2, "ingress?"),
        (
            group('  dynamic "ingress" {\n    for_each = []\n    content {\n      port = 22\n    }\n  }'),
            5,
            "ingress takes nothing called port",
        ),
        (group('  dynamic "ingress" {\n    foreach = []\n    content {\n    }\n  }'), 3, "for_each?"),
        (group("  lifecycle {\n    ignore_change = [tags]\n  }"), 3, "ignore_changes?"),
        ('resource "google_compute_firewall" "f" {\n  alow {\n  }\n}\n', 2, "allow?"),
        ('resource "google_compute_firewall" "f" {\n  allow = []\n}\n', 2, "is a block"),
        (group("  name {\n  }"), 2, "is an argument"),
        (group("  egress = [{\n    self = true\n    cidr_block = []\n  }]"), 4, "cidr_blocks?): Terraform leaves it out"),
        ('variable "v" {\n  defualt = 1\n}\n', 2, "default?"),
        ('output "o" {\n  vlaue = 1\n}\n', 2, "value?"),
        ('module "m" {\n  source = "./m"\n  cidr = 1\n}\n', 3, "cidrs?"),
    ],
)
def test_a_name_that_nothing_takes_is_said_at_its_line(text: str, line: int, word: str) -> None:
    found = said(text, {"m/main.tf": 'variable "cidrs" {}\n'})
    assert [each for each, _ in found] == [line]
    assert word in found[0][1]


@pytest.mark.parametrize(
    "text",
    [
        group(
            '  count = 1\n  depends_on = []\n  provider = aws.b\n  timeouts {\n    create = "1m"\n  }\n  provisioner "local-exec" {\n  }'
        ),
        group('  region = "eu-north-1"\n  ingress = []\n  egress {\n    self = true\n  }'),
        'resource "aws_instance" "a" {\n  ebs_block_device {\n    anything = 1\n  }\n}\n',
        'resource "aws_something_else" "a" {\n  anything = 1\n}\n',
        'module "m" {\n  source = "./m"\n  count = 1\n  providers = {}\n  cidrs = []\n}\n',
        'module "m" {\n  source = "git::https://example.org/m"\n  cidr = []\n}\n',
    ],
)
def test_what_some_version_takes_is_not_remarked_on(text: str) -> None:
    assert said(text, {"m/main.tf": 'variable "cidrs" {}\n'}) == []


def test_json_writes_blocks_and_arguments_alike() -> None:
    rules = b'"allow": [{"protocl": "tcp"}], "dynamic": {"deny": {"content": {}}}'
    text = b'{"resource": {"google_compute_firewall": {"f": {"name": "f", %s}}}}' % rules
    assert [message.split(":")[0] for _, message in said("", {"main.tf.json": text})] == [
        "allow takes nothing called protocl (did you mean protocol?)"
    ]


def test_a_misspelt_block_of_the_language_makes_its_file_doubtful() -> None:
    root = root_of('resorce "aws_security_group" "a" {\n}\n')
    assert [(note.trap, note.span.line) for note in root.notes()] == [("unparsable", 1)]
    assert root.broken_files() == ["main.tf"]


def test_a_rule_of_which_a_part_is_passed_over_makes_its_file_doubtful() -> None:
    assert root_of(group("  ingres {\n  }")).broken_files() == ["main.tf"]
    assert root_of('resource "aws_instance" "a" {\n  fo = 1\n}\n').broken_files() == []


@pytest.mark.parametrize("provider", sorted(PROVIDERS))
def test_every_schema_can_be_read(provider: str) -> None:
    from importlib import import_module

    for type_ in import_module(f"auditor.formats.terraform.schemas.{provider}").TYPES:
        shape = shape_of(type_)
        assert shape is not None
        assert {"count", "lifecycle"} < shape.names.keys()
        assert all(name.replace("_", "").isalnum() for name in shape.names)


@pytest.mark.parametrize("block", ['dynamic "x{}" {{\n}}', "x{} {{\n}}"])
def test_five_thousand_of_them_take_seconds_at_most(block: str) -> None:
    started = time.process_time()
    assert len(said(group("\n".join(block.format(number) for number in range(5000))))) == 5000
    assert time.process_time() - started < 3
