"""The matrix of rulesets and dialects: fixtures that pass, and the smallest changes that break one requirement, or leave it open.

`fixtures/matrix/<ruleset>/<dialect>/` passes as it stands; `<dialect>.yaml` beside it lists the changes:

    notes: what the fixture is
    undecided: {requirement: why it is open on this dialect though the firewall is as the document wants it}
    holes: [{of: pattern, outcome: broken | open, because: why this dialect cannot show it}]
    mutants:
      <requirement>:
        with: {parameter: value}                 # for the fixture as it stands as well
        first: as broken                         # likewise: a change before which it does not apply
        broken: [file, text that is there once, text instead]   # or a list of these
        also: [requirements that break with it]
        at: text of the line that is blamed
        open: as broken
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from auditor import audit
from auditor.files import DirectoryTree, MemoryTree, read_text
from auditor.model.findings import Finding, Outcome
from auditor.model.record import dataclass
from auditor.policy.load import load_ruleset
from auditor.policy.ruleset import Requirement, Ruleset
from auditor.yamlspan import read_one, to_python

ROOT = Path(__file__).parents[2]
MATRIX = ROOT / "fixtures/matrix"
Edit = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A change to a fixture and what it does. `first` prepares the fixture; `also` are the other requirements that break with it."""

    requirement: str
    outcome: Outcome
    edits: tuple[Edit, ...]
    parameters: tuple[str, ...] = ()
    first: tuple[Edit, ...] = ()
    also: tuple[str, ...] = ()
    at: str = ""


@dataclass(frozen=True, slots=True)
class Hole:
    """A requirement that a dialect cannot break, or cannot leave open, and why."""

    of: str
    outcome: Outcome
    because: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One ruleset on one dialect."""

    ruleset: str
    dialect: str
    mutants: tuple[Mutant, ...]
    holes: tuple[Hole, ...]
    notes: str = ""
    undecided: tuple[tuple[str, str], ...] = ()

    @property
    def folder(self) -> Path:
        return MATRIX / self.ruleset / self.dialect

    def mutant(self, requirement: str, outcome: Outcome) -> Mutant | None:
        return next((each for each in self.mutants if each.requirement == requirement and each.outcome is outcome), None)

    def hole(self, requirement: str, outcome: Outcome) -> Hole | None:
        if outcome is Outcome.OPEN and requirement in dict(self.undecided):
            return Hole(requirement, outcome, dict(self.undecided)[requirement])
        return next((each for each in self.holes if each.outcome is outcome and fnmatchcase(requirement, each.of)), None)

    def run(self, edits: tuple[Edit, ...] = (), parameters: tuple[str, ...] = ()) -> dict[str, tuple[Finding, ...]]:
        """The findings about each requirement, after the edits."""
        tree = DirectoryTree(self.folder)
        files: dict[str, str | bytes] = {}
        for path, old, new in edits:
            text = files.get(path, read_text(tree, path).text)
            assert isinstance(text, str)
            assert text.count(old) == 1, f"{path} has {text.count(old)} times {old!r}"
            files[path] = text.replace(old, new)
        request = audit.Request(parameters=parameters, rulesets=(self.ruleset,))
        reading = audit.read(MemoryTree(files, tree), ("",), request)
        found: dict[str, tuple[Finding, ...]] = {}
        for finding in audit.findings_of(reading):
            found[finding.rule] = (*found.get(finding.rule, ()), finding)
        return found

    def text(self, mutant: Mutant, path: str) -> str:
        """A file of the fixture after the mutant's edits."""
        text = (self.folder / path).read_text("utf-8")
        for changed, old, new in mutant.first + mutant.edits:
            text = text.replace(old, new) if changed == path else text
        return text


def outcomes(findings: dict[str, tuple[Finding, ...]], prefix: str) -> dict[str, Outcome]:
    """The worst outcome of each requirement, by its name."""
    return {
        rule.removeprefix(f"{prefix}/"): max((each.outcome for each in found), key=lambda outcome: outcome.weight)
        for rule, found in findings.items()
        if rule.startswith(f"{prefix}/")
    }


@cache
def cells() -> tuple[Cell, ...]:
    """Every cell of the matrix that has a fixture."""
    return tuple(_cell(path) for path in sorted(MATRIX.glob("*/*.yaml")))


def ruleset(cell: Cell) -> Ruleset:
    return load_ruleset(cell.ruleset)


def requirements(cell: Cell) -> tuple[Requirement, ...]:
    return ruleset(cell).requirements


def _cell(path: Path) -> Cell:
    spec: Any = to_python(read_one(read_text(DirectoryTree(path.parent), path.name)))
    mutants = [
        Mutant(
            name,
            outcome,
            _edits(entry[outcome.value]),
            tuple(f"{key}={_plain(value)}" for key, value in entry.get("with", {}).items()),
            _edits(entry["first"]) if "first" in entry else (),
            tuple(entry.get("also", ())) if outcome is Outcome.BROKEN else (),
            str(entry.get("at", "")) if outcome is Outcome.BROKEN else "",
        )
        for name, entry in spec["mutants"].items()
        for outcome in (Outcome.BROKEN, Outcome.OPEN)
        if outcome.value in entry
    ]
    holes = [Hole(each["of"], Outcome(each["outcome"]), each["because"]) for each in spec.get("holes", ())]
    return Cell(path.parent.name, path.stem, tuple(mutants), tuple(holes), spec.get("notes", ""), tuple(spec.get("undecided", {}).items()))


def _edits(entry: Any) -> tuple[Edit, ...]:
    listed = entry if isinstance(entry[0], list) else [entry]
    return tuple((path, old, new) for path, old, new in listed)


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else ",".join(value) if isinstance(value, list) else str(value)


# The page that shows the matrix, generated: `python -m tests.policy.matrix` writes it.

PAGE = ROOT / "docs/coverage.md"
_HEAD = """\
<!-- Generated by `make docs` from fixtures/matrix. -->
# What is shown on which firewall

For every ruleset and every dialect that can carry it there is a small firewall in [`fixtures/matrix`](../fixtures/matrix) that does
what the document asks, and for every requirement the smallest change that breaks it, and one that leaves it undecided. A test holds
that each change does just that to the requirement and breaks no other than it says.

**b**: shown broken. **o**: shown open. A number: not shown, for the reason below the table.
"""


def page() -> str:
    """`docs/coverage.md`."""
    from auditor.policy.load import builtin_rulesets

    parts = [_HEAD]
    for name in builtin_rulesets():
        own = [cell for cell in cells() if cell.ruleset == name]
        if own:
            parts.append(_table(load_ruleset(name), own))
    return "\n".join(parts)


def _table(ruleset: Ruleset, own: list[Cell]) -> str:
    reasons: dict[str, int] = {}
    lines = [f"## {ruleset.name}", "", f"| requirement | {' | '.join(cell.dialect for cell in own)} |", f"|---|{'---|' * len(own)}"]
    for each in ruleset.requirements:
        lines.append(f"| {each.name} | {' | '.join(_entry(cell, each.name, reasons) for cell in own)} |")
    lines += ["", *(f"{number}. {reason}" for reason, number in reasons.items()), ""]
    return "\n".join([*lines, *(f"- *{cell.dialect}*: {cell.notes}" for cell in own), ""])


def _entry(cell: Cell, requirement: str, reasons: dict[str, int]) -> str:
    shown = []
    for outcome, sign in ((Outcome.BROKEN, "b"), (Outcome.OPEN, "o")):
        hole = cell.hole(requirement, outcome)
        shown.append(sign if hole is None else str(reasons.setdefault(hole.because, len(reasons) + 1)))
    return " ".join(dict.fromkeys(shown))


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
