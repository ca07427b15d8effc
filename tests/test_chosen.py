"""Which files a run reads: what is named and not there, or cannot be opened, is said."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor import audit
from auditor.files import DirectoryTree, MemoryTree, Unreadable
from auditor.model.findings import Finding
from auditor.model.source import Level

NFT = "table inet f {\n  chain input {\n    type filter hook input priority 0; policy drop;\n  }\n}\n"


def findings(tree: MemoryTree, *inputs: str) -> list[Finding]:
    return list(audit.findings_of(audit.read(tree, inputs, audit.Request())))


def test_an_input_that_is_not_there_is_an_error_that_names_the_nearest() -> None:
    tree = MemoryTree({"nftables.conf": NFT, "auditor.yaml": "inputs: [nftable.conf]\n"})
    with pytest.raises(audit.UsageError, match=r"auditor.yaml:1:10: there is nothing at 'nftable.conf'; did you mean 'nftables.conf'\?"):
        findings(tree, "")


def test_an_input_may_be_a_directory_with_a_slash() -> None:
    tree = MemoryTree({"fw/nftables.conf": NFT, "auditor.yaml": "inputs: [fw/]\n"})
    assert audit.read(tree, ("",), audit.Request()).graph.read == (("fw/nftables.conf", "nftables"),)


def test_a_file_that_is_named_and_of_no_known_kind_is_an_error() -> None:
    with pytest.raises(audit.UsageError, match=r"notes\.txt: no file of a kind auditor reads"):
        findings(MemoryTree({"notes.txt": "hello\n"}), "notes.txt")


@pytest.mark.parametrize(("path", "level"), [("closed.nft", Level.ERROR), ("config.xml", Level.ERROR), ("core.dump", Level.WARNING)])
def test_a_file_that_cannot_be_opened_is_said_and_the_others_are_read(path: str, level: Level) -> None:
    class Guarded(MemoryTree):
        def read_head(self, asked: str, size: int) -> bytes:
            if asked == path:
                raise Unreadable("cannot be read: Permission denied")
            return super().read_head(asked, size)

    reading = audit.read(Guarded({path: "", "good.nft": NFT}), ("",), audit.Request())
    (said,) = (each for each in audit.findings_of(reading) if each.rule == "auditor/unparsable")
    assert (said.message, said.level) == (f"{path} cannot be read: Permission denied; nothing in it was checked", level)
    assert ("good.nft", "nftables") in reading.graph.read


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("core.cfg", "ip access-list extended WEB\n permit tcp any any eq 443\n"),
        ("talconfig.yml", "clusterName: home\nendpoint: https://10.0.0.1:6443\nnodes: []\n"),
        ("rules.conf", NFT),
    ],
)
def test_a_file_with_a_byte_order_mark_is_recognised(path: str, text: str, encoding: str) -> None:
    reading = audit.read(MemoryTree({path: text.encode(encoding)}), ("",), audit.Request())
    assert [read for read, _ in reading.graph.read] == [path]


def test_a_parameter_without_a_value_is_told_by_its_own_option() -> None:
    with pytest.raises(audit.UsageError, match="--param cni: write NAME=VALUE"):
        audit.read(MemoryTree({"good.nft": NFT}), ("",), audit.Request(parameters=("cni",)))


def test_a_link_out_of_the_root_and_a_closed_directory_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "root"
    (root / "closed").mkdir(parents=True)
    (tmp_path / "shared.tf").write_text("")
    (root / "shared.tf").symlink_to("../shared.tf")
    (root / "notes.txt").symlink_to("../shared.tf")
    (root / "good.nft").write_text(NFT)
    scan = os.scandir

    def guarded(path: str) -> Iterator[os.DirEntry[str]]:
        if path.endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return iter(list(scan(path)))

    monkeypatch.setattr("os.scandir", guarded)
    reading = audit.read(DirectoryTree(root), ("",), audit.Request())
    assert [(each.message, each.level) for each in audit.findings_of(reading) if each.rule == "auditor/unparsable"] == [
        ("closed/ cannot be read: Permission denied; nothing in it was checked", Level.WARNING),
        ("shared.tf leads out of the directory that is being checked; nothing in it was checked", Level.ERROR),
    ]
