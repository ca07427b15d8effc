"""Templates mean what Terraform makes of them, to the blank."""

from __future__ import annotations

import pytest

from auditor.formats.terraform.errors import Refused
from tests.formats.terraform.reader.reading import plain, value_of


def heredoc(marker: str, *lines: str) -> str:
    return "\n".join((f"{marker}EOT", *lines))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"${[1]}"', [1]),
        ('"${~ [1] ~}"', [1]),
        ('"a${1}b${true}"', "a1btrue"),
        ('"  ${~ "v" ~}  y"', "vy"),
        ('" lead ${1} trail "', " lead 1 trail "),
        ('"$${x} %%{ if } $$x"', "${x} %{ if } $$x"),
        ('"$$$${1}"', "$$${1}"),
        (r'"\n\t\"\\é\U0001F600"', '\n\t"\\é😀'),
        ('"%{ if true }yes%{ else }no%{ endif }"', "yes"),
        ('"%{ for i, x in ["a", "b"] }${i}${x} %{ endfor }"', "0a 1b "),
        ('"%{ if false }x%{ endif }"', ""),
    ],
)
def test_quoted_templates(text: str, value: object) -> None:
    assert plain(value_of(text)) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (heredoc("<<", "a", "EOT"), "a\n"),
        (heredoc("<<", "EOT"), ""),
        (heredoc("<<", "  a\\n", "  EOT  "), "  a\\n\n"),
        (heredoc("<<-", "    a", "      b", "  EOT"), "a\n  b\n"),
        (heredoc("<<-", "    a", "", "      b", "EOT"), "a\n\n  b\n"),
        (
            heredoc("<<-", "    %{ for p in [1,2] ~}", "    port ${p}", "    %{ endfor ~}", "    end", "  EOT"),
            "    port 1\n    port 2\n    end\n",
        ),
        (heredoc("<<-", "    %{ for p in [1,2] }", "    port ${p}", "    %{ endfor }", "    end", "  EOT"), "\nport 1\n\nport 2\n\nend\n"),
        (heredoc("<<-", "    a ${1} b", "   ${2}", "EOT"), " a 1 b\n2\n"),
        (heredoc("<<", "# no comment", "$${x} ${1}", "EOT"), "# no comment\n${x} 1\n"),
    ],
)
def test_heredocs(text: str, value: str) -> None:
    assert plain(value_of(text)) == value


def test_a_heredoc_keeps_carriage_returns() -> None:
    assert value_of("<<EOT\r\na\r\nEOT\r\n").raw == "a\r\n"


@pytest.mark.parametrize("text", ['"a${null}"', '"a${[1]}"', '"%{ if null }%{ endif }"', '"%{ for x in null }%{ endfor }"'])
def test_what_has_no_text_is_an_error(text: str) -> None:
    with pytest.raises(Refused):
        value_of(text)


def test_a_template_file_sees_only_its_variables() -> None:
    files: dict[str, str | bytes] = {"t.tftpl": "%{ for p in ports ~}\np=${p}\n%{ endfor ~}\n", "u.tftpl": "${var.x}"}
    assert value_of('templatefile("t.tftpl", { ports = [1, 2] })', files).raw == "p=1\np=2\n"
    with pytest.raises(Refused, match='no variable named "var"'):
        value_of('templatefile("u.tftpl", {})', files)


def test_a_template_file_of_one_interpolation_keeps_the_type() -> None:
    assert plain(value_of('templatefile("t.tftpl", { x = [1] })', {"t.tftpl": "${x}"})) == [1]
    assert value_of('templatefile("t.tftpl", { x = "a" })', {"t.tftpl": b"\xef\xbb\xbf${x}\n"}).raw == "a\n"


@pytest.mark.parametrize("text", ['"EOT"\n', "/* */ # x\n", "", "a\r\nb\r\n", 'say "${x}"\n'])
def test_any_text_is_a_template(text: str) -> None:
    assert value_of('templatefile("t", { x = "y" })', {"t": text.encode()}).raw == text.replace("${x}", "y")
