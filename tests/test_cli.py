"""What a user types, what comes back, and with which exit code."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auditor import __version__, report
from auditor.cli import cli
from auditor.cli.checking import FORMATS

GROUP = """\
resource "aws_security_group" "web" {
  name = "web"
}

resource "aws_vpc_security_group_ingress_rule" "ssh" {
  security_group_id = aws_security_group.web.id
  cidr_ipv4         = "%s"
  from_port         = 22
  to_port           = 22
  ip_protocol       = "tcp"
}
"""
OPEN, CLOSED = GROUP % "0.0.0.0/0", GROUP % "203.0.113.0/24"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def auditor(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments, catch_exceptions=False)


def test_the_version_is_told() -> None:
    assert auditor("--version").output == f"auditor, version {__version__}\n"


def test_the_formats_are_those_that_reports_have() -> None:
    assert FORMATS == report.FORMATS


# -- exit codes


def test_nothing_wrong_exits_with_0(folder: Path) -> None:
    (folder / "main.tf").write_text(CLOSED)
    result = auditor("check")
    assert result.exit_code == 0, result.output
    assert "0 broken" in result.output


def test_a_finding_exits_with_1_and_shows_its_line(folder: Path) -> None:
    (folder / "main.tf").write_text(OPEN)
    result = auditor("check")
    assert result.exit_code == 1
    assert "hygiene/world-open-admin" in result.output
    assert "main.tf:7:" in result.output


def test_fail_on_never_reports_and_exits_with_0(folder: Path) -> None:
    (folder / "main.tf").write_text(OPEN)
    result = auditor("check", "--fail-on", "never")
    assert result.exit_code == 0
    assert "world-open-admin" in result.output


def test_a_file_that_cannot_be_read_is_a_finding_and_the_rest_is_checked(folder: Path) -> None:
    (folder / "broken.tf").write_text('resource "aws_security_group" "x" {\n  name = \n')
    (folder / "main.tf").write_text(OPEN)
    result = auditor("check")
    assert result.exit_code == 1
    assert "auditor/unparsable" in result.output
    assert "  do       Correct the file at the line named" in result.output
    assert "world-open-admin" in result.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("check", "missing"), "missing: there is no such file or directory"),
        (("check", "-r", "talso"), "did you mean 'talos'"),
        (("check", "--role", "admin"), "write ROLE="),
        (("check", "-r", "talos", "--role", "admin=1.2.3.400"), "'1.2.3.400' is no address, network or range"),
        (("check", "--param", "nonsense"), "write NAME=VALUE"),
        (("check", "--var", "nonsense"), "write NAME=VALUE"),
        (("check", "-f", "yaml"), "'yaml' is not one of"),
        (("check", "-o", "out"), "say in which format"),
        (("check", "-c", "missing.yaml"), "missing.yaml"),
        (("check", "--baseline", "missing.json"), "missing.json"),
        (("check", "--unknown"), "No such option"),
        (("trace", "--from", "a", "--to", "b", "--service", "x/y"), "--service"),
        (("trace", "--from", "nobody", "--to", "internet", "--service", "tcp/22"), "--from 'nobody'"),
        (("diff", ".", "rev:main"), "no git repository"),
        (("explain", "talos/etc"), "did you mean 'talos/etcd'"),
        (("rulesets", "validate", "missing.yaml"), "missing.yaml"),
    ],
)
def test_a_run_that_cannot_be_made_exits_with_2_and_says_why(folder: Path, arguments: tuple[str, ...], said: str) -> None:
    (folder / "main.tf").write_text(CLOSED)
    result = auditor(*arguments)
    assert result.exit_code == 2, result.output
    assert said in result.output
    assert "Traceback" not in result.output


def test_a_typo_in_the_configuration_is_told_with_its_line(folder: Path) -> None:
    (folder / "auditor.yaml").write_text("rulesets: [firewall-hygiene]\nparametres: {cni: cilium}\n")
    result = auditor("check")
    assert result.exit_code == 2
    assert "auditor.yaml:2:1" in result.output
    assert "parameters" in result.output


@pytest.mark.parametrize(
    "arguments",
    [("graph",), ("fix",), ("baseline",), ("init",), ("trace", "--from", "internet", "--to", "any", "--service", "tcp/22")],
)
def test_every_command_says_that_nothing_was_there(folder: Path, arguments: tuple[str, ...]) -> None:
    (folder / "notes.txt").write_text("hello\n")
    assert "Nothing was read: no file here is of a kind auditor reads.\n" in auditor(*arguments).output


def test_a_strict_run_that_checks_nothing_fails(folder: Path) -> None:
    (folder / "notes.txt").write_text("hello\n")
    assert auditor("check").exit_code == 0
    assert auditor("check", "--strict").exit_code == 1


def test_the_list_of_commands_cuts_no_sentence_off() -> None:
    assert not [line for line in auditor("--help").output.splitlines() if line.endswith("...") and not line.startswith("Usage")]


def test_an_empty_directory_is_said_to_be_one(folder: Path) -> None:
    assert folder.is_dir()
    assert "Nothing was checked" in auditor("check").output


# -- reports


def test_json_holds_what_passes_when_asked_for(folder: Path) -> None:
    (folder / "main.tf").write_text(CLOSED)
    assert json.loads(auditor("check", "-f", "json").output)["findings"] == []
    found = json.loads(auditor("check", "-f", "json", "--show-passed").output)["findings"]
    assert {finding["outcome"] for finding in found} == {"holds"}


def test_several_reports_come_from_one_run(folder: Path) -> None:
    (folder / "main.tf").write_text(OPEN)
    outputs = ("sarif=a.sarif", "html=b.html", "junit=c", "gitlab=d", "markdown=e")
    result = auditor("check", "-f", "github", *(part for output in outputs for part in ("-o", output)))
    assert result.output.startswith("::error file=main.tf,line=7")
    assert json.loads((folder / "a.sarif").read_text())["version"] == "2.1.0"
    assert (folder / "b.html").read_text().startswith("<!DOCTYPE html>")
    assert "<testsuites" in (folder / "c").read_text()
    assert json.loads((folder / "d").read_text())[0]["check_name"] == "hygiene/world-open-admin"
    assert "# Firewall audit" in (folder / "e").read_text()


def test_a_report_into_a_file_leaves_the_figures_on_the_terminal(folder: Path) -> None:
    (folder / "main.tf").write_text(OPEN)
    result = auditor("check", "-f", "sarif", "-o", "out.sarif")
    assert result.output.startswith("auditor: ")
    assert auditor("check", "-f", "sarif", "-o", "out.sarif", "-q").output == ""


def test_two_runs_write_the_same_bytes(folder: Path) -> None:
    (folder / "main.tf").write_text(OPEN)
    for format_ in FORMATS:
        assert auditor("check", "-f", format_).output == auditor("check", "-f", format_).output


def test_paths_are_told_as_seen_from_here(folder: Path) -> None:
    (folder / "infra").mkdir()
    (folder / "infra" / "main.tf").write_text(OPEN)
    found = json.loads(auditor("check", "infra", "-f", "json").output)["findings"]
    assert found[0]["path"] == "infra/main.tf"


# -- setting aside


def test_a_baseline_leaves_only_new_findings(folder: Path) -> None:
    (folder / "main.tf").write_text(OPEN)
    assert auditor("baseline").exit_code == 0
    assert auditor("check", "--baseline", "auditor-baseline.json").exit_code == 0
    (folder / "main.tf").write_text("# moved\n\n" + OPEN)
    assert auditor("check", "--baseline", "auditor-baseline.json").exit_code == 0
    (folder / "main.tf").write_text(OPEN + OPEN.replace("web", "db").replace("ssh", "db"))
    assert auditor("check", "--baseline", "auditor-baseline.json").exit_code == 1


def test_an_inline_ignore_with_a_reason_counts_unless_forbidden(folder: Path) -> None:
    line = '  cidr_ipv4         = "0.0.0.0/0"'
    (folder / "main.tf").write_text(OPEN.replace(line, f"{line} # auditor: ignore[hygiene/world-open-admin] a honeypot"))
    assert auditor("check").exit_code == 0
    assert "1 ignored" in auditor("check").output
    assert auditor("check", "--no-ignores").exit_code == 1


# -- the other commands


def test_every_requirement_can_be_explained() -> None:
    rows = json.loads(auditor("rules", "-f", "json").output)
    assert len(rows) > 100
    for row in rows:
        result = auditor("explain", row["id"])
        assert result.exit_code == 0, row["id"]
        assert row["title"] in result.output


def test_the_rulesets_are_listed() -> None:
    assert "talos " in auditor("rulesets").output


def test_a_ruleset_of_ones_own_is_validated_with_its_lines(folder: Path) -> None:
    (folder / "mine.yaml").write_text("ruleset: mine\ntitle: Mine\nrequirments: []\n")
    result = auditor("rulesets", "validate", "mine.yaml")
    assert result.exit_code == 2
    assert "mine.yaml:3:1" in result.output


def test_init_writes_a_configuration_that_check_takes(folder: Path) -> None:
    (folder / "main.tf").write_text(CLOSED)
    assert auditor("init").exit_code == 0
    assert auditor("check").exit_code == 0
    again = auditor("init")
    assert again.exit_code == 2
    assert "--force" in again.output


def test_a_flow_is_traced_to_its_line(folder: Path) -> None:
    (folder / "main.tf").write_text(CLOSED)
    result = auditor("trace", "--from", "203.0.113.7", "--to", "terraform:aws_security_group.web", "--service", "tcp/22")
    assert "✓ passes" in result.output
    assert "main.tf:7:" in result.output
    blocked = auditor("trace", "--from", "198.51.100.7", "--to", "terraform:aws_security_group.web", "--service", "tcp/22", "-f", "json")
    assert [part["verdict"] for part in json.loads(blocked.output)] == ["is blocked"]


def test_nothing_lies_between_a_state_and_itself(folder: Path) -> None:
    (folder / "main.tf").write_text(OPEN)
    assert auditor("diff", ".", ".", "--fail-on-opened").output == "no flow changed; 0 requirements decided anew.\n"


def test_what_a_change_opens_is_told_with_its_line(folder: Path) -> None:
    for name, text in (("before", CLOSED), ("after", OPEN)):
        (folder / name).mkdir()
        (folder / name / "main.tf").write_text(text)
    result = auditor("diff", "before", "after", "--fail-on-opened")
    assert result.exit_code == 1
    assert "+ opened  the internet, other private addresses → terraform:aws_security_group.web  tcp/22" in result.output
    assert "after/main.tf:7:" in result.output
    assert "hygiene/world-open-admin: holds → broken" in result.output
    assert auditor("diff", "after", "before", "--fail-on-opened").exit_code == 0
    flows = json.loads(auditor("diff", "before", "after", "-f", "json").output)["flows"]
    assert {flow["effect"] for flow in flows} == {"opened"}
    assert "🔓 opened" in auditor("diff", "before", "after", "-f", "markdown").output


def test_a_revision_is_compared_without_checking_it_out(folder: Path) -> None:
    def git(*arguments: str) -> None:
        subprocess.run(
            ["git", "-c", "user.name=x", "-c", "user.email=x@example.com", *arguments], cwd=folder, check=True, capture_output=True
        )

    infra = folder / "infra"
    infra.mkdir()
    (infra / "main.tf").write_text(CLOSED)
    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "-m", "x")
    (infra / "main.tf").write_text(OPEN)
    os.chdir(infra)
    result = auditor("diff", "rev:HEAD", ".")
    assert "+ opened  the internet" in result.output
    assert (infra / "main.tf").read_text() == OPEN
    missing = auditor("diff", "rev:nothing", ".")
    assert missing.exit_code == 2
    assert "git knows no revision 'nothing'" in missing.output
    (folder / "later").mkdir()
    os.chdir(folder / "later")
    assert "is not in it: git has no file of this directory there" in auditor("diff", "rev:HEAD", ".").output


def test_one_line_that_changes_several_flows_is_told_once(folder: Path) -> None:
    chain = "table inet f {{\n  chain input {{\n    type filter hook input priority 0; policy drop;\n    tcp dport {} accept\n  }}\n}}\n"
    for name, port in (("before", 22), ("after", 80)):
        (folder / name).mkdir()
        (folder / name / "a.nft").write_text(chain.format(port))
    lines = auditor("diff", "before", "after").output.splitlines()
    assert [line for line in lines if line.startswith(("+", "-", "?"))] == [
        "+ opened  nftables:a.nft, the internet, other private addresses → nftables:a.nft  tcp/80",
        "- closed  nftables:a.nft, the internet, other private addresses → nftables:a.nft  tcp/22",
    ]
    assert "    by     tcp dport 80 accept  after/a.nft:4:5" in lines
    assert "    by     tcp dport 22 accept  before/a.nft:4:5 (before)" in lines


def test_a_file_that_cannot_be_read_on_one_side_is_said_and_may_open(folder: Path) -> None:
    for name, text in (("before", OPEN), ("after", OPEN + 'resource "x {\n')):
        (folder / name).mkdir()
        (folder / name / "main.tf").write_text(text)
    result = auditor("diff", "before", "after", "--fail-on-opened")
    assert result.exit_code == 1
    assert result.output.startswith("! after, Terraform would refuse this file")
    assert "⚠️ after: Terraform would refuse" in auditor("diff", "before", "after", "-f", "markdown").output
    assert [each["state"] for each in json.loads(auditor("diff", "before", "after", "-f", "json").output)["unread"]] == ["after"]


def test_why_no_fix_is_offered_is_said_in_a_line(folder: Path) -> None:
    (folder / "main.tf").write_text(OPEN)
    lines = auditor("fix", ".").output.splitlines()
    why = "only you know what is meant; what to do: auditor explain hygiene/world-open-admin"
    assert f"✕ hygiene/world-open-admin: no change is offered: {why}" in lines


def test_a_fix_is_offered_as_a_patch_and_written_when_asked(folder: Path) -> None:
    tree = Path(__file__).parent.parent / "examples" / "talos-aws"
    shutil.copytree(tree, folder / "infra")
    offered = auditor("fix", "infra", "--rule", "talos/etcd")
    assert offered.exit_code == 0
    assert "✓ talos/etcd: " in offered.output
    assert "+++ b/infra/terraform/modules/aws/network/security_groups.tf" in offered.output
    assert offered.output.endswith("\nNothing is changed yet: --write changes the files, --patch prints the patch alone.\n")
    assert auditor("fix", "infra", "--rule", "talos/etcd", "--patch").output.startswith("--- a/infra/")
    before = auditor("check", "infra", "-f", "json").output
    assert "talos/etcd" in {finding["rule"] for finding in json.loads(before)["findings"]}
    assert "Wrote infra/terraform" in auditor("fix", "infra", "--write").output
    assert auditor("check", "infra").exit_code == 0
    assert auditor("fix", "infra").output == "Nothing is broken that a change could mend.\n"


@pytest.mark.parametrize("command", [("graph",), ("fix",), ("trace", "--from", "internet", "--to", "10.0.0.1", "--service", "tcp/22")])
def test_what_could_not_be_read_is_said_beside_what_is_told_without_it(folder: Path, command: tuple[str, ...]) -> None:
    (folder / "config.xml").write_text("<pfsense>\n<interfaces>\n")
    (folder / "a.xml").write_text("<pfsense>\n<interfaces>\n")
    said = auditor(*command).stderr
    assert said.startswith("a.xml:3:1 could not be read, nor 1 more, and what is said is said without it: ends inside <interfaces>")


def test_fix_takes_one_of_write_and_patch(folder: Path) -> None:
    assert folder.is_dir()
    assert auditor("fix", "--write", "--patch").exit_code == 2


def test_the_graph_is_told_in_every_format(folder: Path) -> None:
    (folder / "main.tf").write_text(OPEN)
    assert "→ terraform:aws_security_group.web: tcp/22" in auditor("graph").output
    assert json.loads(auditor("graph", "-f", "json").output)["hooks"]
    assert auditor("graph", "-f", "mermaid").output.startswith("flowchart LR\n")
    assert auditor("graph", "-f", "svg").output.startswith("<svg ")


def test_the_entry_point_ends_quietly_when_its_reader_goes_away(folder: Path) -> None:
    (folder / "main.tf").write_text(OPEN)
    process = subprocess.Popen([sys.executable, "-m", "auditor", "rules"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.wait() in (0, 2)
    assert process.stderr.read() == b""
    process.stderr.close()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no full device here")
@pytest.mark.parametrize("arguments", [("--version",), ("check",), ("rules",)])
def test_a_full_disk_behind_the_output_is_said(folder: Path, arguments: tuple[str, ...]) -> None:
    (folder / "main.tf").write_text(OPEN)
    with open("/dev/full", "w") as full:
        ended = subprocess.run([sys.executable, "-m", "auditor", *arguments], stdout=full, stderr=subprocess.PIPE, text=True)
    assert (ended.returncode, ended.stderr) == (2, "Error: the output: No space left on device\n")


def test_the_entry_point_exits_with_the_code_of_the_command(folder: Path) -> None:
    (folder / "main.tf").write_text(OPEN)
    for arguments, code in ((["check"], 1), (["check", "missing"], 2), (["check", "--fail-on", "never"], 0)):
        done = subprocess.run([sys.executable, "-m", "auditor", *arguments], capture_output=True, text=True)
        assert done.returncode == code
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("explain", "trustd"), "did you mean 'talos/trustd'?"),
        (("chek",), "No such command 'chek'; did you mean 'check'?"),
        (("rulesets", "valid"), "did you mean 'validate'?"),
        (("check", "-o", "sarif=-"), "as in -f sarif"),
        (("check", "-o", "sarif=a", "-o", "json=a"), "--output a: two reports cannot go into one file"),
        (("explain", "pfsense"), "`auditor rules pfsense` lists them"),
        (("explain", "zzz"), "`auditor rules` lists every id"),
        (("rules", "zzz"), "no id has 'zzz' in it"),
        (("check", "-o", "sarif"), "as in sarif=auditor.sarif"),
        (("fix", "talos/etcd"), "a requirement is named with --rule talos/etcd"),
        (("init", "-r", "talso"), "did you mean 'talos'?"),
    ],
)
def test_a_wrong_guess_is_told_the_right_one(folder: Path, arguments: tuple[str, ...], said: str) -> None:
    del folder
    result = auditor(*arguments)
    assert result.exit_code == 2
    assert said in result.output


def test_an_explanation_fits_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    paragraphs = auditor("explain", "hygiene/world-open-admin").output
    assert max(map(len, paragraphs.splitlines())) <= 60


def test_rules_are_listed_by_a_part_of_their_ids() -> None:
    lines = auditor("rules", "talos/etcd").output.splitlines()
    assert [line.split()[0] for line in lines if not line.startswith("lint")] == ["talos/etcd", "talos/etcd-private"]


def test_init_names_the_zones_and_writes_for_a_ruleset_that_was_not_recognised(folder: Path) -> None:
    (folder / "gate.nft").write_text("table inet f {\n  chain c {\n    type filter hook input priority 0; policy drop;\n  }\n}\n")
    told = auditor("init", "-r", "thymis-device", "--print").output
    assert "- thymis-device" in told
    assert "# device: {addresses:" in told
    assert 'zones that can be named here, as {zone: ...}: "nftables:gate.nft"' in told


@pytest.mark.parametrize(("nat", "said"), [("", "is not known"), ('oifname "wan" masquerade', "as it was recognised")])
def test_init_says_behind_which_interface_the_internet_is(folder: Path, nat: str, said: str) -> None:
    chain = "table inet f {\n  chain %s {\n    type %s hook %s priority 0;\n    %s\n  }\n}\n"
    (folder / "a.nft").write_text(chain % ("a", "filter", "forward", 'iifname "lan" oifname "wan" accept'))
    if nat:
        (folder / "a.nft").write_text((folder / "a.nft").read_text() + chain % ("b", "nat", "postrouting", nat))
    line = next(line for line in auditor("init", "--print").output.splitlines() if "internet:" in line)
    assert line.startswith('  # internet: {zone: "nftables:a.nft:wan"}  # ')
    assert line.endswith(said)
