"""The generated pages: none is stale, none is left over, each says what its data says."""

from __future__ import annotations

from pathlib import Path

from auditor.policy.docs import pages
from auditor.policy.load import builtin_rulesets, load_ruleset

ROOT = Path(__file__).parents[2]
PAGES = pages()


def written() -> dict[str, str]:
    found = [*(ROOT / "docs/rules").rglob("*.md"), ROOT / "rulesets/README.md", ROOT / "rulesets/builtin.json"]
    return {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in found}


def test_no_page_is_stale() -> None:
    found = written()
    stale = [path for path, text in PAGES.items() if found.get(path) != text]
    assert not stale, "run `make docs`"


def test_no_page_is_left_over() -> None:
    assert set(written()) <= set(PAGES), "run `make docs`"


def test_every_requirement_has_a_page_that_says_why_and_what_to_do() -> None:
    for ruleset in map(load_ruleset, builtin_rulesets()):
        for each in ruleset.requirements:
            page = PAGES[f"docs/rules/{each.id}.md"]
            assert each.because in page
            assert each.fix.text in page
            assert each.reading in page


def test_a_page_shows_the_flow_and_how_to_permit_it_in_each_dialect() -> None:
    page = PAGES["docs/rules/talos/etcd.md"]
    assert "| service | tcp/2379-2380 |" in page
    assert "referenced_security_group_id = aws_security_group.control_plane.id" in page
    assert "IN ACCEPT -source +control-plane -p tcp -dport 2379:2380" in page


def test_a_choice_shows_the_conditions_of_its_ends() -> None:
    page = PAGES["docs/rules/thymis-controller/nix-cache.md"]
    assert "| to | $nix_cache_mirror (when air_gapped); else cache.nixos.org |" in page


def test_what_is_not_in_the_document_says_so() -> None:
    assert "Not in the document" in PAGES["docs/rules/talos/kubespan.md"]
    assert "Not in the document" not in PAGES["docs/rules/talos/etcd.md"]


def test_the_pages_link_to_pages_that_are_there() -> None:
    import posixpath
    import re

    for path, text in PAGES.items():
        for target in re.findall(r"\]\(([^)#]+)\)", text):
            resolved = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
            assert resolved in PAGES or (ROOT / resolved).exists(), (path, target)
