"""The pipeline: files → graph → who is who → requirements → findings. `audit` is also the typed Python API."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

from auditor import __version__
from auditor.chosen import claimed_by_format, in_tree
from auditor.excerpts import Excerpts
from auditor.files import DirectoryTree, Tree
from auditor.formats import FORMATS
from auditor.formats.base import Options
from auditor.hypervisors import joined, proxmox_with_terraform
from auditor.model.findings import Binding, Finding, Input, Location, Outcome, RuleInfo, Run
from auditor.model.findings import Ruleset as Chosen
from auditor.model.graph import Graph
from auditor.model.record import dataclass, field, replace
from auditor.model.source import Note
from auditor.nested import nft_reader, talos_in_terraform
from auditor.policy.binding import OPTION, OUTSIDE, Cast, Claim, bind, claim_of, lead_out
from auditor.policy.conditions import Value
from auditor.policy.config import Config, find_config, load_config
from auditor.policy.derive import completed
from auditor.policy.detect import Shown, for_members, proposals, recognises, ways_out
from auditor.policy.doubts import doubts
from auditor.policy.facts import stated_parameters
from auditor.policy.load import builtin_rulesets, load_ruleset
from auditor.policy.nodes import content
from auditor.policy.parameters import Given, parameters_of, unknown_parameters
from auditor.policy.problems import PolicyError, Problem, did_you_mean
from auditor.policy.ruleset import Kind, Ruleset
from auditor.waiting import PROGRESS

if TYPE_CHECKING:
    from auditor.analysis.again import Memory

HYGIENE = "firewall-hygiene"


class UsageError(Exception):
    """The run could not be made: a wrong option, a configuration file with mistakes, a path that is not there."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a user asked for, as the command line and the API give it. Paths are of the operating system."""

    paths: tuple[str, ...] = (".",)
    rulesets: tuple[str, ...] = ()
    config: str | None = None
    roles: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    var_files: tuple[str, ...] = ()
    baseline: str | None = None
    ignores: bool = True


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read: the tree, its graph, and what the user said about it."""

    tree: Tree
    graph: Graph
    config: Config
    rulesets: tuple[tuple[Ruleset, str], ...]
    cast: Cast
    values: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    doubts: tuple[Finding, ...] = ()  # about who was said to be who


def audit(paths: Sequence[str | Path] = (".",), **wishes: object) -> Run:
    """Check the configurations below `paths`. `wishes` are the fields of `Request`. Raises `UsageError`."""
    return audit_request(Request(paths=tuple(map(str, paths)), **wishes))  # type: ignore[arg-type]


def audit_request(request: Request) -> Run:
    """One run, from files to findings. Raises `UsageError`."""
    tree, inputs = tree_of(request.paths)
    reading = read(tree, inputs, request)
    return run_of(reading, request)


def run_of(reading: Reading, request: Request, memory: Memory | None = None) -> Run:
    """The findings about what was read. `memory` holds what was found out about another state of it."""
    from auditor.policy.describe import infos_of
    from auditor.policy.suppress import suppress

    findings = tuple(_addressed(findings_of(reading, memory), reading.graph))
    try:
        kept, ignored = suppress(findings, reading.tree, reading.config, request.baseline, request.ignores)
    except PolicyError as error:
        raise UsageError(str(error)) from None
    rules = infos_of((ruleset for ruleset, _ in reading.rulesets), (finding.rule for finding in (*kept, *(each for each, _ in ignored))))
    return Run(
        findings=tuple(_helped(kept, rules)),
        rules=rules,
        bindings=tuple(_bindings(reading.cast)),
        inputs=tuple(Input(path, format_) for path, format_ in reading.graph.read),
        rulesets=tuple(Chosen(ruleset.name, ruleset.title, why, ruleset.source.document) for ruleset, why in reading.rulesets),
        ignored=ignored,
        version=__version__,
    )


def _helped(findings: Iterable[Finding], rules: Iterable[RuleInfo]) -> Iterator[Finding]:
    """The findings, each with what to do: a front end names the trap alone, what to do about it is the same everywhere."""
    fixes = {rule.id: rule.fix for rule in rules if rule.fix}
    for finding in findings:
        yield finding if finding.help or finding.rule not in fixes else replace(finding, help=fixes[finding.rule])


def findings_of(reading: Reading, memory: Memory | None = None) -> Iterable[Finding]:
    """What every ruleset says, then what the front ends remarked, in a stable order."""
    from auditor.policy.hygiene import NOTED

    filtered = bool(reading.graph.hooks or reading.graph.filters)  # nothing holds because nothing was there
    places = {each.id: number for number, each in enumerate(each for ruleset, _ in reading.rulesets for each in ruleset.requirements)}
    PROGRESS.begin(len(places))
    for finding in _of_rulesets(reading, filtered, memory):
        PROGRESS.reach(places.get(finding.rule, 0) + 1, finding.rule)
        yield finding
    yield from reading.doubts
    told = NOTED if filtered and any(ruleset.name == HYGIENE for ruleset, _ in reading.rulesets) else frozenset[str]()
    notes = [note for note in reading.graph.notes if note.trap.rpartition("/")[2] not in told]
    yield from map(finding_of_note, dict.fromkeys(sorted(notes, key=lambda note: (note.span, note.trap, note.message))))


def _of_rulesets(reading: Reading, filtered: bool, memory: Memory | None) -> Iterator[Finding]:
    from auditor.policy.check import check
    from auditor.policy.hygiene import check_hygiene

    for ruleset, _ in reading.rulesets:
        if filtered and any(requirement.kind is Kind.HYGIENE for requirement in ruleset.requirements):
            yield from check_hygiene(ruleset, reading.values[ruleset.name], reading.graph, memory)
        yield from check(ruleset, reading.values[ruleset.name], reading.cast, reading.graph)


def finding_of_note(note: Note) -> Finding:
    """A front end's remark as a finding; what could not be read is a finding of the program's own."""
    rule = "auditor/unparsable" if note.trap.endswith("/unparsable") else f"lint/{note.trap}"
    related = tuple(Location(span, phrase) for phrase, span in note.related)
    properties = (("address", note.address),) if note.address else ()
    return Finding(rule, Outcome.BROKEN, note.level, note.message, location=Location(note.span), related=related, properties=properties)


def _addressed(findings: Iterable[Finding], graph: Graph) -> Iterator[Finding]:
    """The findings with the address of the rule they point at (a tracker, a uuid, a resource), by which they can be ignored."""
    addresses = {rule.span: rule.address for filter_ in graph.filters for rule in filter_.rules if rule.address}
    for finding in findings:
        address = addresses.get(finding.location.span) if finding.location is not None else None
        known = address is None or any(name == "address" for name, _ in finding.properties)
        yield finding if known or address is None else replace(finding, properties=(*finding.properties, ("address", address)))


# -- reading


def tree_of(paths: Sequence[str]) -> tuple[Tree, tuple[str, ...]]:
    """The tree that holds all of `paths`, and the paths within it ("" is all of it). Raises `UsageError`."""
    real = [os.path.realpath(path) for path in paths]
    for path, given in zip(real, paths, strict=True):
        if not os.path.exists(path):
            raise UsageError(f"{given}: there is no such file or directory")
        if not os.access(path, os.R_OK):
            raise UsageError(f"{given}: may not be read")
    tops = [path if os.path.isdir(path) else os.path.dirname(path) for path in real]
    root = os.path.commonpath(tops)
    inside = (os.path.relpath(path, root).replace(os.sep, "/") for path in real)
    return DirectoryTree(Path(root)), tuple("" if path == "." else path for path in inside)


def read(tree: Tree, inputs: Sequence[str], request: Request) -> Reading:
    """Everything below `inputs` as one graph, the rulesets that apply, and who is who. Raises `UsageError`."""
    try:
        config = _config(tree, request)
        graph = graph_of(tree, inputs, config, request)
        rulesets = _rulesets(tree, graph, config, request)
        given = _given(config, request)
        values, rulesets = _valued(rulesets, graph, given)
        problems = _strangers(tree, config, request, given, [ruleset for ruleset, _ in rulesets])
        claims = tuple(_claims(graph, rulesets, config, request))
        graph, unled = lead_out(graph, claims)
        bound, unmatched = bind(graph, claims)
        problems += unled + unmatched
    except PolicyError as error:
        raise UsageError(str(error)) from None
    if problems:
        raise UsageError("\n".join(map(str, problems)))
    cast = reduce(completed, (ruleset for ruleset, _ in rulesets), bound)
    asked = [ruleset for ruleset, _ in rulesets]
    return Reading(tree, graph, config, rulesets, cast, values, tuple(doubts(claims, cast, graph, asked)))


def graph_of(tree: Tree, inputs: Sequence[str], config: Config, request: Request) -> Graph:
    """The graph of every file that some dialect claims."""
    claimed, closed = claimed_by_format(tree, inputs, config, request.paths)
    options = Options(
        variables=(*_configured_variables(config), *map(_split, request.variables)),
        var_files=tuple(in_tree(tree, each) for each in request.var_files),
        parameters={name: _text(each) for name, each in _given(config, request).items()},
        var_files_of={each.path: each.var_files for each in config.inputs if each.var_files},
        nft=nft_reader(),
    )
    nested = _owned(talos_in_terraform(tree, claimed.get("terraform", ()), options), "talos")
    claimed = _without(claimed, nested)
    graph = Graph(notes=closed)
    PROGRESS.begin(sum(map(len, claimed.values())))
    done = 0
    for format_ in FORMATS:
        PROGRESS.reach(done, format_.title)
        done += len(claimed.get(format_.name, ()))
        if format_.name == "proxmox":
            graph += _owned(proxmox_with_terraform(tree, claimed.get("proxmox", ()), claimed.get("terraform", ()), options), "proxmox")
        elif format_.name in claimed:
            graph += _owned(format_.load(tree, claimed[format_.name], options), format_.name)
    return joined(graph) + nested


def _without(claimed: dict[str, list[str]], nested: Graph) -> dict[str, list[str]]:
    """Without the files that another file has read in already, for what it says they are."""
    used = {path for path, _ in nested.read}
    left = {name: [path for path in paths if path not in used] for name, paths in claimed.items()}
    return {name: paths for name, paths in left.items() if paths}


def _configured_variables(config: Config) -> Iterable[tuple[str, str]]:
    return (pair for each in config.inputs for pair in each.variables.items())


def _owned(graph: Graph, name: str) -> Graph:
    """The graph with the dialect's name before its notes' traps; those of a dialect within it have theirs already."""
    return replace(graph, notes=tuple(note if "/" in note.trap else replace(note, trap=f"{name}/{note.trap}") for note in graph.notes))


def _text(given: Given) -> str:
    return given.value if isinstance(given.value, str) else content(given.value)


def _split(text: str, option: str = "--var") -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise PolicyError([Problem(f"{option} {text}: write NAME=VALUE")])
    return name.strip(), value


def _config(tree: Tree, request: Request) -> Config:
    if request.config is None:
        return find_config(tree)
    path = Path(request.config)
    return load_config(DirectoryTree(path.parent), path.name, in_tree(tree, request.config))


def _rulesets(tree: Tree, graph: Graph, config: Config, request: Request) -> tuple[tuple[Ruleset, str], ...]:
    """The rulesets of this run, each with why: asked for, configured, or recognised."""
    if request.rulesets:
        return tuple((load_ruleset(name), "asked for") for name in dict.fromkeys(request.rulesets))
    if config.rulesets:
        return tuple((load_ruleset(name, tree, span), f"in {config.path}") for name, span in config.rulesets.items())
    shown = Shown(graph, Excerpts(tree).text)
    found = [(ruleset, recognises(ruleset, shown)) for ruleset in map(load_ruleset, builtin_rulesets()) if ruleset.name != HYGIENE]
    chosen = [(ruleset, why) for ruleset, why in found if why]
    return (*chosen, (load_ruleset(HYGIENE), "always"))


def _valued(
    rulesets: Iterable[tuple[Ruleset, str]], graph: Graph, given: Mapping[str, Given]
) -> tuple[dict[str, Mapping[str, Value]], tuple[tuple[Ruleset, str], ...]]:
    """The values of every ruleset's parameters, and the rulesets with what the configurations state added to why they are chosen."""
    values: dict[str, Mapping[str, Value]] = {}
    chosen: list[tuple[Ruleset, str]] = []
    for ruleset, why in rulesets:
        stated = {name: each for name, each in stated_parameters(ruleset, graph).items() if name not in given}
        values[ruleset.name] = parameters_of(ruleset, {**{name: text for name, (text, _) in stated.items()}, **given})
        other = (name for name in stated if values[ruleset.name][name] != ruleset.parameters[name].default)
        said = (f"{name} is {stated[name][0]}, as {stated[name][1]} states" for name in other)
        chosen.append((ruleset, "; ".join((why, *said))))
    return values, tuple(chosen)


def _given(config: Config, request: Request) -> dict[str, Given]:
    """Parameters as the user gave them; an option comes before auditor.yaml."""
    given = dict(config.parameters)
    given.update((name, Given(value)) for name, value in (_split(text, "--param") for text in request.parameters))
    return given


def _claims(graph: Graph, rulesets: Iterable[tuple[Ruleset, str]], config: Config, request: Request) -> Iterable[Claim]:
    """Who says who plays which role, the strongest first: options, auditor.yaml, detection."""
    chosen = [ruleset for ruleset, _ in rulesets]
    for text in request.roles:
        try:
            yield from for_members(claim_of(text, OPTION), chosen)
        except ValueError as error:
            raise UsageError(f"--role {error}") from None
    for role in config.roles:
        yield from for_members(Claim(role.name, role.zones, role.addresses, role.names, config.path, role.span), chosen)
    for ruleset in chosen:
        yield from proposals(ruleset, graph)
    yield from ways_out(graph)


def _strangers(tree: Tree, config: Config, request: Request, given: Mapping[str, Given], rulesets: Sequence[Ruleset]) -> list[Problem]:
    """Roles and parameters that no ruleset has: not those of the run, not others that auditor.yaml lists or that come with the program."""
    found = list(_unknown(config, request, given, rulesets))
    if not found:
        return []
    others = [load_ruleset(name, tree, span) for name, span in config.rulesets.items()] + list(map(load_ruleset, builtin_rulesets()))
    elsewhere = set(_unknown(config, request, given, [*rulesets, *others]))
    return [problem for problem in found if any(problem.span == each.span and _subject(problem) == _subject(each) for each in elsewhere)]


def _subject(problem: Problem) -> str:
    return problem.message.partition(";")[0]


def _unknown(config: Config, request: Request, given: Mapping[str, Given], rulesets: Sequence[Ruleset]) -> Iterable[Problem]:
    yield from unknown_parameters(rulesets, given)
    known = {OUTSIDE, *(role for ruleset in rulesets for role in ruleset.roles)}
    named = [(role.name, role.span) for role in config.roles] + [(text.partition("=")[0].strip(), None) for text in request.roles]
    for name, span in named:
        if name not in known:
            yield Problem(f"no ruleset of this run has a role {name!r}{did_you_mean(name, known)}", span)


def _bindings(cast: Cast) -> Iterable[Binding]:
    for bound in (*(bound for _, bound in sorted(cast.roles.items())), *cast.outer):
        yield Binding(bound.role, bound.target, bound.why, Location(bound.span) if bound.span else None)
