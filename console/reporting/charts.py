"""Charts as SVG text: bars and lines, drawn without any script. Pure.

Colours come from the page's style sheet by class; every bar and point carries its value as a title for who hovers or
listens.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 720, 220, 56, 28, 12
_LABELS = 12  # as many fit below each other's feet
_STEPS = (1, 2, 2.5, 5, 10)
_NOTHING = 1e-9  # less cannot be seen, and powers of ten lose their digits far below


@dataclass(frozen=True, slots=True)
class Point:
    """One value with its label; `shown` is the value for people. None is a gap."""

    label: str
    value: float | None
    shown: str


def bars(title: str, points: Sequence[Point], top: float | None = None) -> str:
    """Upright bars from nothing to the value; the scale ends at `top` if it is given."""
    scale = top or nice(max((p.value or 0.0 for p in points), default=0.0))
    width = (WIDTH - LEFT) / max(len(points), 1)
    drawn = [
        f'<rect class="bar" x="{LEFT + n * width + width * 0.12:.1f}" y="{_y(p.value, scale):.1f}"'
        f' width="{width * 0.76:.1f}" height="{_y(0, scale) - _y(p.value, scale):.1f}">{_title(p)}</rect>'
        for n, p in enumerate(points)
        if p.value is not None
    ]
    return _framed(title, points, scale, width, drawn, percent=top == 1)


def line(title: str, points: Sequence[Point]) -> str:
    """A line through the values; a gap interrupts it."""
    scale = nice(max((p.value or 0.0 for p in points), default=0.0))
    width = (WIDTH - LEFT) / max(len(points), 1)
    places = [None if p.value is None else (LEFT + (n + 0.5) * width, _y(p.value, scale)) for n, p in enumerate(points)]
    path, pen = [], "M"
    for place in places:
        if place is not None:
            path.append(f"{pen}{place[0]:.1f} {place[1]:.1f}")
        pen = "M" if place is None else "L"
    drawn = [f'<path class="line" d="{" ".join(path)}"/>'] if path else []
    drawn += [
        f'<circle class="dot" cx="{place[0]:.1f}" cy="{place[1]:.1f}" r="3">{_title(p)}</circle>'
        for p, place in zip(points, places, strict=True)
        if place is not None
    ]
    return _framed(title, points, scale, width, drawn)


def nice(highest: float) -> float:
    """A round number at or above the highest value."""
    if highest < _NOTHING:
        return 1.0
    power = 1.0
    while power * 10 < highest:
        power *= 10
    while power > highest:
        power /= 10
    return next(step * power for step in _STEPS if step * power >= highest)


def _framed(
    title: str, points: Sequence[Point], scale: float, width: float, drawn: Sequence[str], *, percent: bool = False
) -> str:
    every = -(-len(points) // _LABELS) or 1
    labels = [
        f'<text class="label" x="{LEFT + (n + 0.5) * width:.1f}" y="{HEIGHT - 8}">{escape(p.label)}</text>'
        for n, p in enumerate(points)
        if n % every == 0
    ]
    levels = [_level(scale * part, _y(scale * part, scale), percent) for part in (0, 0.5, 1)]
    named = escape(title, {'"': "&quot;"})
    inside = "".join((*levels, *drawn, *labels))
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{named}">{inside}</svg>'


def _level(value: float, y: float, percent: bool) -> str:
    shown = f"{value:.0%}" if percent else f"{value:g}"
    grid = f'<line class="grid" x1="{LEFT}" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>'
    return f'{grid}<text class="level" x="{LEFT - 6}" y="{y + 4:.1f}">{shown}</text>'


def _y(value: float | None, scale: float) -> float:
    return HEIGHT - BOTTOM - (value or 0.0) / scale * (HEIGHT - BOTTOM - TOP)


def _title(point: Point) -> str:
    return f"<title>{escape(point.label)}: {escape(point.shown)}</title>"
