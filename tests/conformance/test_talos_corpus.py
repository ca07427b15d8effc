"""Every real file is read, or reported with a reason, and none brings the reader down."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.files import DirectoryTree
from auditor.formats.base import Options
from auditor.formats.talos import FORMAT

ROOT = Path(__file__).resolve().parents[3] / "shared/corpus/talos"
FILES = (
    sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*") if path.is_file() and path.suffix != ".tsv")
    if ROOT.is_dir()
    else []
)
pytestmark = pytest.mark.skipif(not ROOT.is_dir(), reason="the corpus is not at hand")

# Files that nothing marks as Talos's: a JSON patch of some path, and a document without any setting.
UNMARKED = {"siderolabs__configpatcher/patch.yaml", "siderolabs__configpatcher/patchdeletemissing/config.yaml"}
REASONS = {
    "DavidIlie__kubernetes_bootstrap_talos_talconfig.yaml": {"missing-patch"},
    "DavidIlie__kubernetes_bootstrap_talos_patches_controller_admission-controller-patch.yaml": {"unknown-key"},
    "budimanjojo__pkg_patcher_testdata_templating2_input.yaml": {"unrendered-template"},
    "onedr0p__talos_cluster.yaml.j2": {"unrendered-template"},
    "onedr0p__template_config_talos_all_22-time.yaml.j2": {"unrendered-template"},
    "onedr0p__template_config_talos_control-plane_00-cluster.yaml.j2": {"unrendered-template"},
    "siderolabs__configpatcher/patchmixed/patch.yaml": {"duplicate-in-patch"},
    "siderolabs__configpatcher/patch.yaml": {"json-patch"},
    "siderolabs__configpatcher/apply/jsonpatch1.yaml": {"json-patch"},
    "siderolabs__configpatcher/apply/jsonpatch2.yaml": {"json-patch"},
    "siderolabs__configpatcher/multidoc/jsonpatch.yaml": {"json-patch"},
}
REMARKS = {"assumed-base", "role-by-name", "unused-patch"}


@pytest.mark.parametrize("path", FILES)
def test_a_file_is_claimed_and_read_or_its_reason_given(path: str) -> None:
    tree = DirectoryTree(ROOT)
    assert FORMAT.claims(path, tree.read_bytes(path)[:4096]) is (path not in UNMARKED)
    graph = FORMAT.load(tree, [path], Options())
    said = {note.trap for note in graph.notes if note.level == "error" or note.trap in ("unrendered-template", "missing-patch")}
    assert said - REMARKS == REASONS.get(path, said & {"lockout"})
    assert (path, "talos") in graph.read


def test_the_whole_corpus_is_read_at_once() -> None:
    tree = DirectoryTree(ROOT)
    graph = FORMAT.load(tree, [path for path in FILES if path not in UNMARKED], Options())
    assert len(graph.read) == len(FILES) - len(UNMARKED)
    assert graph.zones
