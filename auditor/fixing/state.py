"""A tree as it was read, with what was found in it: what a change is tried on."""

from __future__ import annotations

from auditor import audit
from auditor.files import MemoryTree, Tree
from auditor.fixing.wanted import Texts
from auditor.model.findings import Finding, Outcome, Run
from auditor.model.record import dataclass, field
from auditor.policy.ruleset import Ruleset, Settled, settle


@dataclass(frozen=True, slots=True)
class State:
    """A tree, its reading, and the findings about it, which are found out when they are asked for."""

    tree: Tree
    inputs: tuple[str, ...]
    request: audit.Request
    reading: audit.Reading
    _run: list[Run] = field(default_factory=list)
    _tried: list[tuple[Texts, State]] = field(default_factory=list)  # the last change

    @classmethod
    def of(cls, tree: Tree, inputs: tuple[str, ...], request: audit.Request) -> State:
        """The state of a tree. Raises `UsageError` if it cannot be read."""
        return cls(tree, inputs, request, audit.read(tree, inputs, request))

    @property
    def run(self) -> Run:
        """What was found. Raises `UsageError`."""
        if not self._run:
            self._run.append(audit.run_of(self.reading, self.request))
        return self._run[0]

    def with_texts(self, texts: Texts) -> State:
        """The same with files changed. Raises `UsageError` if it cannot be read so."""
        if not self._tried or self._tried[0][0] != texts:
            made = State.of(MemoryTree(dict(texts), under=self.tree), self.inputs, self.request)
            self._tried[:] = [(dict(texts), made)]
        return self._tried[0][1]

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
