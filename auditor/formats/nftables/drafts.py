"""A rule being read: how far a packet gets in it, what it has written over by then, and the model's rules that come of it."""

from __future__ import annotations

from auditor.formats.nftables.match import Place
from auditor.formats.nftables.syntax import Statement
from auditor.model import filters as model
from auditor.model.filters import ANY, Assign, Both, Call, Condition, Either, Exactly, Not, Rule, Undecided, both, either
from auditor.model.packets import EVERYTHING, Field, field_set
from auditor.model.record import dataclass, field
from auditor.model.source import Span, Unknown


@dataclass(frozen=True, slots=True)
class Write:
    """A field written over: with a value, None if it is not known; or by a chain that computes it."""

    field: Field
    value: int | None
    chain: model.Chain | None = None


@dataclass(slots=True)
class Draft:
    """A rule being read: what a packet must be to come this far, and what has been written by then."""

    place: Place
    span: Span
    text: str
    name: str
    guard: Condition = ANY
    writes: list[Write] = field(default_factory=list)
    steps: list[tuple[Condition, tuple[Write, ...]]] = field(default_factory=list)
    done: list[Rule] = field(default_factory=list)
    ended: str = ""
    seen: list[tuple[Statement, Condition]] = field(default_factory=list)
    layer3: int | None = None
    layer4: tuple[int, ...] = ()
    trail: tuple[tuple[str, Span], ...] = ()

    def narrow(self, condition: Condition) -> None:
        """What follows is reached only by packets of the condition, asked of them as they are by now."""
        if self.writes:
            condition = before(condition, self.writes)
        guard = self.guard
        if isinstance(guard, Exactly) and isinstance(condition, Exactly):
            self.guard = condition if guard is ANY else Exactly(guard.packets & condition.packets)
        else:
            self.guard = both(guard, condition)

    def write(self, *writes: Write) -> None:
        self.writes += writes
        self.steps.append((self.guard, tuple(self.writes)))

    def rule(self, condition: Condition, action: model.Action, span: Span | None = None) -> Rule:
        return Rule(condition, action, span or self.span, self.text, self.name, trail=self.trail)

    def act(self, condition: Condition, action: model.Action, span: Span | None = None) -> None:
        """Packets of the condition meet this end, with everything written by now."""
        if not self.writes:
            self.done.append(self.rule(condition, action, span))
            return
        leaves = action is model.Verdict.RETURN or (isinstance(action, Call) and action.goto)
        rules = [self.rule(ANY, _action(write)) for write in self.writes]
        if action is not model.Verdict.RETURN:
            rules.append(self.rule(ANY, action, span))
        self.done.append(self.rule(condition, Call(model.Chain("", tuple(rules), self.span), goto=leaves), span))

    def finish(self) -> tuple[Rule, ...]:
        """The rule's rules. A packet that was written on but did not reach the end keeps what was written."""
        if not self.steps:
            return tuple(self.done)
        if not self.done and len(self.steps) == 1 and len(self.steps[0][1]) == 1:
            guard, writes = self.steps[0]
            return (self.rule(guard, _action(writes[0])),)
        cases = [*self.done]
        for guard, writes in reversed(self.steps):
            chain = model.Chain("", tuple(self.rule(ANY, _action(write)) for write in writes), self.span)
            cases.append(self.rule(guard, Call(chain, goto=True)))
        inside = [rule for rule in cases if not _leaves(rule, self.done)]
        outside = [rule for rule in cases if _leaves(rule, self.done)]
        inside = [_going(rule) for rule in inside]
        entered = either(*(guard for guard, _ in self.steps))
        return (*outside, self.rule(entered, Call(model.Chain("", tuple(inside), self.span))))


def one_of(rules: tuple[Rule, ...], line: Draft) -> tuple[Rule, ...]:
    """Rules of one line of which a packet takes one: what comes back from it changed is not asked again."""
    outside = tuple(rule for rule in rules if _leaves(rule, line.done))
    inside = tuple(_going(rule) for rule in rules if rule not in outside)
    entered = either(*(rule.condition for rule in inside))
    return (*outside, line.rule(entered, Call(model.Chain("", inside, line.span))))


def _leaves(rule: Rule, done: list[Rule]) -> bool:
    """Whether a rule leaves the chain it stands in: it must stand there, not in a chain of its own."""
    return rule in done and (rule.action is model.Verdict.RETURN or (isinstance(rule.action, Call) and rule.action.goto))


def _going(rule: Rule) -> Rule:
    """Within the chain of cases, a call is the last case."""
    action = rule.action
    if isinstance(action, Call) and not action.goto:
        return Rule(rule.condition, Call(action.chain, goto=True), rule.span, rule.text, rule.name, trail=rule.trail)
    return rule


def _action(write: Write) -> model.Action:
    return Assign(write.field, write.value) if write.chain is None else Call(write.chain)


def before(condition: Condition, writes: list[Write]) -> Condition:
    """The packets that meet the condition once they are written on."""
    if isinstance(condition, Exactly):
        surely = maybe = condition.packets
        for write in reversed(writes):
            if write.value is None or write.chain is not None:
                surely, maybe = surely.throughout(write.field, EVERYTHING), maybe.without(write.field)
            else:
                here = field_set(write.field, [(write.value, write.value)])
                surely, maybe = (surely & here).without(write.field), (maybe & here).without(write.field)
        if surely is maybe:
            return Exactly(surely)
        return either(Exactly(surely), Undecided(Unknown("what was written over is not known"), maybe))
    if isinstance(condition, Both):
        return both(*(before(part, writes) for part in condition.parts))
    if isinstance(condition, Either):
        return either(*(before(part, writes) for part in condition.parts))
    if isinstance(condition, Not):
        return ~before(condition.part, writes)
    return condition


def anything(guard: Condition, unknown: Unknown, line: Draft) -> tuple[Rule, ...]:
    """Any verdict for these packets, or none."""
    doubtful = both(guard, Undecided(unknown))
    return line.rule(doubtful, model.Verdict.DENY), line.rule(doubtful, model.Verdict.PERMIT)
