"""Who reaches whom as a picture: boxes for roles, arrows for flows, coloured by the requirements about them. SVG, self-contained.

It stays readable on one screen: beyond `MOST` parties it is not drawn, and a label has two services, with all of them in its tooltip.
"""

from __future__ import annotations

from html import escape
from math import cos, hypot, pi, sin

from auditor.model.findings import Finding, Flow, Outcome, Run
from auditor.model.record import dataclass
from auditor.report.names import short_names

MOST = 10
CROWDED = 12
WIDTH, BOX_WIDTH, BOX_HEIGHT, TOP = 960, 168, 46, 26
BEND = 24
LETTER = 7.0  # the width of a letter of a label, about
FITS = 18  # letters of a name on one line of a box
SHARES = (0.5, 0.4, 0.6, 0.32, 0.68, 0.25, 0.75, 0.45, 0.55)  # where on an arrow its label is tried, in order
OUTSIDE = ("the internet", "anywhere")
Ends = tuple[str, str]
Point = tuple[float, float]

STYLE = """\
.who rect{fill:var(--card,#f6f7f9);stroke:var(--faint,#57606a)}.who text{fill:var(--ink,#1b1f24);font:600 14px system-ui,sans-serif}
.flow path{fill:none;stroke:var(--faint,#57606a);stroke-width:1.6}.flow text{fill:var(--faint,#57606a);font:11.5px ui-monospace,monospace}
.flow rect{fill:var(--page,#fff)}.flow.maybe path,.flow.none path{stroke-dasharray:6 4}
.flow.broken path{stroke:var(--broken,#b3261e);stroke-width:2.2}.flow.broken text{fill:var(--broken,#b3261e)}
.flow.open path{stroke:var(--open,#7a4f01)}.flow.open text{fill:var(--open,#7a4f01)}
.flow.holds path{stroke:var(--holds,#1a6e34)}.flow.holds text{fill:var(--holds,#1a6e34)}"""
COLOURS = {"broken": "--broken,#b3261e", "open": "--open,#7a4f01", "holds": "--holds,#1a6e34", "": "--faint,#57606a"}
DARK = """\
svg.alone{background:#fff}@media (prefers-color-scheme:dark){svg.alone{background:#0f1318;--card:#181e26;--page:#0f1318;--ink:#e6edf3;
--faint:#9aa7b4;--broken:#ff8a80;--open:#f2c14e;--holds:#7ddc98}}"""


_WIDER = {"anywhere else": "the internet"}
"""Parties of findings that are no box of their own, and the one that shows them."""


def outcomes_between(run: Run) -> dict[Ends, Outcome]:
    """The worst outcome of the requirements about each pair of parties that are known."""
    names = parties(run)
    found: dict[Ends, Outcome] = {}
    for finding in run.findings:
        for ends in ends_of(finding, names):
            found[ends] = max(found.get(ends, finding.outcome), finding.outcome, key=lambda outcome: outcome.weight)
    return found


def broken_between(run: Run) -> dict[Ends, tuple[str, ...]]:
    """The requirements that are broken between each pair of parties, by the last part of their ids."""
    names = parties(run)
    found: dict[Ends, dict[str, None]] = {}
    for finding in run.findings:
        for ends in ends_of(finding, names) if finding.outcome is Outcome.BROKEN else ():
            found.setdefault(ends, {})[finding.rule.rpartition("/")[2]] = None
    return {ends: tuple(rules) for ends, rules in found.items()}


def parties(run: Run) -> frozenset[str]:
    """Everybody the flows and bindings of a run name."""
    return frozenset({name for flow in run.flows for name in (flow.source, flow.destination)} | {binding.role for binding in run.bindings})


def ends_of(finding: Finding, names: frozenset[str]) -> list[Ends]:
    """The pairs of known parties that a finding is about."""
    told = dict(finding.properties)
    sources, destinations = (
        [part for part in (_WIDER.get(part, part) for part in told.get(end, "").split(", ")) if part in names] for end in ("from", "to")
    )
    return [(source, destination) for source in sources for destination in destinations]


def svg(run: Run, alone: bool = True) -> str:
    """The picture; empty where there are no flows or too many parties. `alone`: with its own background, for a file of its own.

    An arrow says what gets through or, where a requirement that is broken is about it, which that is.
    """
    outcomes, broken = outcomes_between(run), broken_between(run)
    flows = [flow for flow in run.flows if flow.surely or flow.maybe or outcomes.get((flow.source, flow.destination)) is Outcome.BROKEN]
    if len(flows) > CROWDED:  # then only those that a requirement is about
        flows = [flow for flow in flows if (flow.source, flow.destination) in outcomes] or flows
    names = list(dict.fromkeys(name for flow in flows for name in (flow.source, flow.destination)))
    if not 0 < len(names) <= MOST:
        return ""
    places, height = _layout(names)
    arrows = _Arrows(places)
    drawn = [
        arrows.draw(flow, outcomes.get((flow.source, flow.destination)), broken.get((flow.source, flow.destination), ())) for flow in flows
    ]
    short = short_names(sorted(names), dict(run.labels))
    boxes = [_box(name, short[name], place) for name, place in places.items()]
    marks = "".join(_mark(name, colour) for name, colour in COLOURS.items())
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="100%" role="img" class="{"alone" if alone else ""}"'
    )
    named = f'aria-label="{len(names)} parties and {len(flows)} flows between them"'
    parts = "".join([*(arrow for arrow, _ in drawn), *(label for _, label in drawn), *boxes])
    return f"{head} {named}><style>{STYLE}{DARK if alone else ''}</style><defs>{marks}</defs>{parts}</svg>\n"


def _layout(names: list[str]) -> tuple[dict[str, Point], int]:
    """The middle of each box, on an oval so that no arrow runs through a third box; who is outside stands on the left. And the height."""
    around = sorted(names, key=lambda name: not name.startswith(OUTSIDE))
    tall = 0 if len(names) == 1 else 70 + 26 * len(names)
    middle = (WIDTH / 2, tall + BOX_HEIGHT + TOP)
    places: dict[str, Point] = {}
    for at, name in enumerate(around):
        angle = pi - 2 * pi * at / len(around)
        wide = 0 if len(names) == 1 else WIDTH / 2 - BOX_WIDTH / 2 - 12
        places[name] = (middle[0] + wide * cos(angle), middle[1] - tall * sin(angle))
    return places, int(2 * middle[1])


def _box(name: str, said: str, place: Point) -> str:
    x, y = place
    lines = _halves(said)
    first = y + 5 - 8 * (len(lines) - 1)
    texts = "".join(f'<tspan x="{x:.0f}" y="{first + 16 * number:.0f}">{escape(line)}</tspan>' for number, line in enumerate(lines))
    return (
        f'<g class="who"><title>{escape(name)}</title><rect x="{x - BOX_WIDTH / 2:.0f}" y="{y - BOX_HEIGHT / 2:.0f}" width="{BOX_WIDTH}" '
        f'height="{BOX_HEIGHT}" rx="8"/><text text-anchor="middle">{texts}</text></g>'
    )


def _halves(said: str) -> list[str]:
    """A name on the one or two lines of a box, broken behind a sign rather than within a word; the middle of what is longer is left out."""
    if len(said) <= FITS:
        return [said]
    if len(said) > 2 * FITS - 1:
        said = f"{said[: FITS - 1]}…{said[-FITS:]}"
    breaks = [at for at in range(len(said) - FITS, FITS + 1) if not said[at - 1].isalnum()]
    at = min(breaks, key=lambda each: abs(2 * each - len(said)), default=min(FITS, len(said)))
    return [said[:at].rstrip(), said[at:].lstrip()]


def _mark(name: str, colour: str) -> str:
    return (
        f'<marker id="arrow{name}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto">'
        f'<path d="M0 0L10 5L0 10z" style="fill:var({colour})"/></marker>'
    )


@dataclass(slots=True)
class _Label:
    """Where a label lies: its middle and half of its width."""

    x: float
    y: float
    half: float

    def meets(self, other: _Label) -> bool:
        return abs(self.x - other.x) < self.half + other.half + 4 and abs(self.y - other.y) < 17


class _Arrows:
    """Draws flows so that their labels keep clear of each other and of the boxes."""

    def __init__(self, places: dict[str, Point]) -> None:
        self.places = places
        self.labels = [_Label(x, y + shift, BOX_WIDTH / 2) for x, y in places.values() for shift in (-14, 0, 14)]

    def draw(self, flow: Flow, outcome: Outcome | None, broken: tuple[str, ...] = ()) -> tuple[str, str]:
        """The arrow and its label, which lies over every arrow."""
        kind = outcome.value if outcome else ""
        style = "surely" if flow.surely else "maybe" if flow.maybe else "none"
        path, spots = self._loop(flow.source) if flow.source == flow.destination else self._line(flow.source, flow.destination)
        text = _listed([f"✕ {broken[0]}", *broken[1:]]) if broken else _text(flow)
        label = self._place(text, spots)
        full = f"{flow.source} → {flow.destination}: {', '.join(flow.surely) or 'nothing'} gets through"
        full += f"; {', '.join(flow.maybe)} in part or perhaps" if flow.maybe else ""
        full += f"; broken: {', '.join(broken)}" if broken else f"; the requirements about it: {kind}" if kind else ""
        group = f'<g class="flow {kind} {style}"><title>{escape(full)}</title>'
        return f'{group}<path d="{path}" marker-end="url(#arrow{kind})"/></g>', (
            f'{group}<rect x="{label.x - label.half:.0f}" y="{label.y - 8:.0f}" width="{2 * label.half:.0f}" height="16" rx="3"/>'
            f'<text x="{label.x:.0f}" y="{label.y + 4:.0f}" text-anchor="middle">{escape(text)}</text></g>'
        )

    def _place(self, text: str, spots: list[Point]) -> _Label:
        half = len(text) * LETTER / 2 + 4
        tried = [_Label(min(max(x, half), WIDTH - half), y, half) for x, y in spots]
        label = next((each for each in tried if not any(each.meets(other) for other in self.labels)), tried[0])
        self.labels.append(label)
        return label

    def _loop(self, name: str) -> tuple[str, list[Point]]:
        """A loop on the side away from the middle of the picture."""
        x, y = self.places[name]
        away = 1 if y > sum(place[1] for place in self.places.values()) / len(self.places) + 1 else -1
        edge = y + away * BOX_HEIGHT / 2
        path = f"M{x + 26:.0f} {edge:.0f}C{x + 44:.0f} {edge + away * 40:.0f} {x - 44:.0f} {edge + away * 40:.0f} {x - 26:.0f} {edge:.0f}"
        return path, [(x, edge + away * 32), (x + 60, edge + away * 28), (x - 60, edge + away * 28)]

    def _line(self, source: str, destination: str) -> tuple[str, list[Point]]:
        """A bent line that keeps to its right, so that the way back does not lie on it."""
        (ax, ay), (bx, by) = self.places[source], self.places[destination]
        length = hypot(bx - ax, by - ay) or 1
        right = (-(by - ay) / length, (bx - ax) / length)
        middle = ((ax + bx) / 2 + right[0] * BEND, (ay + by) / 2 + right[1] * BEND)
        start, end = _border((ax, ay), middle), _border((bx, by), middle)
        path = f"M{start[0]:.0f} {start[1]:.0f}Q{middle[0]:.0f} {middle[1]:.0f} {end[0]:.0f} {end[1]:.0f}"
        return path, [_on_curve(start, middle, end, share) for share in SHARES]


def _border(middle: Point, towards: Point) -> Point:
    """Where the line from the middle of a box leaves it."""
    dx, dy = towards[0] - middle[0], towards[1] - middle[1]
    scale = min((BOX_WIDTH / 2) / abs(dx) if dx else 9, (BOX_HEIGHT / 2) / abs(dy) if dy else 9, 1)
    return middle[0] + dx * scale, middle[1] + dy * scale


def _on_curve(start: Point, middle: Point, end: Point, share: float) -> Point:
    a, b, c = (1 - share) ** 2, 2 * share * (1 - share), share**2
    return a * start[0] + b * middle[0] + c * end[0], a * start[1] + b * middle[1] + c * end[1]


def _text(flow: Flow) -> str:
    """At most two services; those that only may pass have a question mark."""
    services = [*flow.surely, *(f"{service}?" for service in flow.maybe)]
    return _listed(services) if services else "nothing"


def _listed(texts: list[str]) -> str:
    return ", ".join(texts[:2]) + (f" +{len(texts) - 2}" if len(texts) > 2 else "")
