"""The page: whole without network or script, safe against what it quotes, and usable in a real browser."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from auditor.model.findings import Flow, Question, Run
from auditor.model.record import replace
from auditor.report.base import Options
from auditor.report.html import render
from tests.report.sample import ETCD, LINT, NTP, PRIVATE, RUN, SOURCES

OPTIONS = Options()
PAGE = render(RUN, SOURCES, OPTIONS)
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
browser = pytest.mark.skipif(BROWSER is None, reason="no Chromium here")


class Elements(HTMLParser):
    """The tags of a page with their attributes, and whether they nest."""

    VOID = frozenset({"meta", "input", "br", "link"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.all: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.all.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def text(page: str = PAGE) -> str:
    return re.sub("<[^>]*>", "", re.sub("(?s)<(style|script)>.*?</\\1>", "", page))


def run_browser(*arguments: str, page: str, folder: Path) -> bytes:
    file = folder / "report.html"
    file.write_text(page, encoding="utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", f"--user-data-dir={folder}/profile"]
    return subprocess.run(
        [str(BROWSER), *flags, *arguments, file.as_uri()], check=True, capture_output=True, timeout=120, env={"HOME": str(folder)}
    ).stdout


def test_every_tag_is_closed_where_it_was_opened() -> None:
    assert Elements(PAGE).open == []


def test_nothing_is_fetched_from_anywhere() -> None:
    for tag, attributes in Elements(PAGE).all:
        assert tag not in {"link", "img", "iframe", "object", "embed", "form"}
        assert "src" not in attributes
        assert (attributes.get("href") or "#").startswith("#")
    assert "default-src 'none'" in PAGE
    assert not re.search(r"url\((?!#)", PAGE)


def test_every_link_has_a_target_and_ids_are_unique() -> None:
    elements = Elements(PAGE).all
    ids = [attributes["id"] for _, attributes in elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {(attributes["href"] or "")[1:] for _, attributes in elements if "href" in attributes} <= set(ids)


def test_quoted_configuration_stays_text() -> None:
    assert "<script>alert(1)" not in PAGE
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in PAGE


def test_each_requirement_shows_outcome_evidence_and_source() -> None:
    for said in ("broken", "tcp 10.0.1.5:49152 → 10.0.2.7:2379", "denies by default", "Talos Firewall Rules, Control Plane Ports", "Fix:"):
        assert said in text()
    assert '<mark>"0.0.0.0/0"</mark>' in PAGE.replace("&#34;", '"')


def test_the_first_lines_say_what_the_run_comes_to() -> None:
    assert "✕ 1 of 4 requirements is broken. 2 are open: the configuration does not decide them." in text()
    assert "✓ The one requirement holds." in text(render(replace(RUN, findings=(NTP,), ignored=()), SOURCES, OPTIONS))


def test_open_is_told_from_an_open_port_and_a_revision_from_what_was_read() -> None:
    assert "open: a question that the files do not decide" in text()
    assert "in a checkout of 000000000000" in text()


def test_what_could_not_be_read_stands_beside_what_holds() -> None:
    page = text(render(replace(RUN, findings=(NTP, LINT, replace(LINT, rule="auditor/unparsable"))), SOURCES, Options()))
    assert "1 holding: as far as the files could be read, they prove it" in page
    assert "1 place not read: what stands there could change what holds" in page
    assert "1 other remark on the files" in page
    assert "not read" not in text()


def test_what_holds_asks_for_nothing_to_be_done() -> None:
    assert "What to do" not in text(render(replace(RUN, findings=(replace(NTP, help="mend it"),)), SOURCES, OPTIONS))


def test_a_title_is_not_said_again_by_its_findings() -> None:
    twice = replace(ETCD, message="etcd members reach each other: tcp/2379 is blocked")
    assert '<p class="message">tcp/2379 is blocked</p>' in render(replace(RUN, findings=(twice,)), SOURCES, OPTIONS)


def test_zones_are_called_by_what_tells_them_apart() -> None:
    run = replace(RUN, flows=(Flow("nftables:etc/gate.conf:lan", "nftables:etc/gate.conf:wan", ("tcp/22",)),), bindings=())
    page = render(run, SOURCES, OPTIONS)
    assert '<th scope="row" title="nftables:etc/gate.conf:lan">lan</th>' in page


def test_open_questions_say_what_would_settle_them() -> None:
    assert "give it with --var vpc_cidr=…" in text()


def test_where_nothing_can_be_said_to_settle_a_question_the_requirement_tells_what_to_do() -> None:
    unsettled = replace(PRIVATE, questions=(Question("ping is limited"),), help="Let pings in.")
    page = text(render(replace(RUN, findings=(unsettled,)), SOURCES, Options()))
    assert "what each of these requirements says is to be done" in page
    assert "What to do: Let pings in." in page


def test_the_matrix_tells_sure_flows_from_possible_ones() -> None:
    assert "tcp/6443" in text()
    assert "in part or perhaps: icmp" in text()


def test_what_is_ignored_is_listed_with_its_reason() -> None:
    assert "a demo" in text()


def test_secrets_are_not_on_the_page() -> None:
    assert "hunter2" not in PAGE


def test_a_run_with_nothing_in_it_still_makes_a_page() -> None:
    page = render(Run(), SOURCES, OPTIONS)
    assert "No requirement was checked." in page
    assert Elements(page).open == []


def test_headings_are_in_order_and_table_heads_have_a_scope() -> None:
    elements = Elements(PAGE).all
    levels = [int(tag[1]) for tag, _ in elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert all("scope" in attributes for tag, attributes in elements if tag == "th")


def test_two_renderings_are_the_same_bytes() -> None:
    assert render(RUN, SOURCES, OPTIONS) == PAGE


def test_five_hundred_findings_stay_below_two_megabytes() -> None:
    findings = tuple(replace(ETCD, rule=f"talos/etcd-{number}") for number in range(500))
    assert len(render(replace(RUN, findings=findings), SOURCES, OPTIONS).encode()) < 2_000_000


@browser
def test_the_search_hides_what_does_not_fit(tmp_path: Path) -> None:
    page = PAGE.replace("  update();\n})();", '  query.value = "etcd 2379"; query.dispatchEvent(new Event("input"));\n})();')
    dom = run_browser("--dump-dom", page=page, folder=tmp_path).decode()
    hidden = {attributes["id"] for tag, attributes in Elements(dom.split("<script>")[0]).all if tag == "article" and "hidden" in attributes}
    assert hidden == {"talos-admin-api-restricted", "talos-enforced", "talos-egress-ntp", "lint-terraform-world"}
    assert ">1 of 5 shown</span>" in dom


@browser
def test_unticking_an_outcome_hides_it(tmp_path: Path) -> None:
    page = PAGE.replace("  update();\n})();", "  boxes[0].click();\n})();")
    dom = run_browser("--dump-dom", page=page, folder=tmp_path).decode()
    shown = {
        attributes["id"] for tag, attributes in Elements(dom.split("<script>")[0]).all if tag == "article" and "hidden" not in attributes
    }
    assert shown == {"talos-admin-api-restricted", "talos-enforced", "talos-egress-ntp"}


@browser
def test_a_narrow_screen_is_not_wider_than_it_is(tmp_path: Path) -> None:
    measured = 'document.body.dataset.wide = document.documentElement.scrollWidth + " of " + innerWidth;\n})();'
    zones = tuple(Flow(f"nftables:etc/gate.conf:a{n}", f"nftables:etc/gate.conf:b{n}", ("icmpv6/types 130-136",) * 5) for n in range(7))
    page = render(replace(RUN, flows=zones), SOURCES, OPTIONS).replace("  update();\n})();", f"  update();\n  {measured}")
    dom = run_browser("--window-size=500,900", "--hide-scrollbars", "--dump-dom", page=page, folder=tmp_path).decode()
    wide, narrow = re.findall(r'data-wide="(\d+) of (\d+)"', dom)[0]
    assert int(wide) <= int(narrow) < 640


@browser
def test_print_loses_nothing_even_where_the_search_hides_it(tmp_path: Path) -> None:
    page = PAGE.replace("  update();\n})();", '  query.value = "nothing fits"; update();\n})();')
    run_browser(f"--print-to-pdf={tmp_path}/out.pdf", "--no-pdf-header-footer", page=page, folder=tmp_path)
    if shutil.which("pdftotext") is None:
        pytest.skip("no pdftotext here")
    printed = subprocess.run(["pdftotext", "-layout", f"{tmp_path}/out.pdf", "-"], check=True, capture_output=True, text=True).stdout
    for said in ("talos/etcd", "lint/terraform/world", "tcp 10.0.1.5:49152", "node → ntp udp/123 gets through", "a demo"):
        assert said in printed


def test_an_excerpt_of_a_whole_file_marks_nothing_odd() -> None:
    page = render(replace(RUN, findings=(replace(LINT, location=None),)), SOURCES, OPTIONS)
    assert "<mark>" not in page


def test_signs_that_turn_text_around_are_shown_and_not_obeyed() -> None:
    turned = render(replace(RUN, findings=(replace(ETCD, message="good \u202eliwe"),)), SOURCES, Options())
    assert "good \\u202eliwe" in turned
    assert "\u202e" not in turned


def test_a_wide_matrix_is_a_list_and_says_who_is_left_out() -> None:
    many = tuple(Flow("the internet", f"zone {number}", ("tcp/22",)) for number in range(9))
    page = render(replace(RUN, flows=many, findings=(), bindings=(), unshown=3), SOURCES, Options())
    assert 'class="matrix"' not in page
    assert page.count('<td title="') == 0
    assert page.count('<span class="to">zone ') == 9
    assert "3 more are not shown" in page


def test_where_nobody_reaches_another_a_list_says_so() -> None:
    closed = tuple(Flow("the internet", f"zone {number}") for number in range(9))
    assert "None of them surely reaches another" in render(replace(RUN, flows=closed, findings=(), bindings=()), SOURCES, Options())
