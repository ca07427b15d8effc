"""A tree as it was read, with what was found in it: what a change is tried on."""

from __future__ import annotations

from auditor import audit
from auditor.files import MemoryTree, Tree
from auditor.fixing.wanted import Texts
from auditor.model.findings import Finding, Outcome, Run
from auditor.model.record import dataclass
from auditor.policy.ruleset import Ruleset, Settled, settle


@dataclass(frozen=True, slots=True)
class State:
    """A tree, its reading, and the findings about it."""

    tree: Tree
    inputs: tuple[str, ...]
    request: audit.Request
    reading: audit.Reading
    run: Run

    @classmethod
    def of(cls, tree: Tree, inputs: tuple[str, ...], request: audit.Request) -> State:
        """The state of a tree. Raises `UsageError` if it cannot be read."""
        reading = audit.read(tree, inputs, request)
        return cls(tree, inputs, request, reading, audit.run_of(reading, request))

    def with_texts(self, texts: Texts) -> State:
        """The same with files changed. Raises `UsageError` if it cannot be read so."""
        return State.of(MemoryTree(dict(texts), under=self.tree), self.inputs, self.request)

    def asked(self, rule: str) -> tuple[Ruleset, tuple[Settled, ...], Settled] | None:
        """The requirement with this id as it was asked, with its ruleset and those beside it; None where it is about no flow."""
        for ruleset, _ in self.reading.rulesets:
            all_ = settle(ruleset, self.reading.values[ruleset.name], self.reading.cast)
            for each in all_:
                if each.requirement.id == rule and each.flow is not None:
                    return ruleset, all_, each
        return None

    def broken(self, rule: str) -> list[Finding]:
        """The findings that say that a requirement is broken."""
        return [finding for finding in self.run.findings if finding.rule == rule and finding.outcome is Outcome.BROKEN]

    def dialect(self, path: str) -> str:
        """What a file was read as."""
        return next((format_ for read, format_ in self.reading.graph.read if read == path), "")
