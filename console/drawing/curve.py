"""A watchlist's day as the incident detector sees it: authors a window, what is usual, the threshold, the moments."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from console.drawing import svg
from triage.incidents.backtest import Moment, Track
from triage.incidents.detector import Reading
from triage.incidents.signals import Signal

_WIDTH, _HEIGHT, _LEFT, _TOP, _GAP = 1100.0, 190.0, 56.0, 90.0, 74.0
_RIGHT = 24.0
_MOST_POINTS = 2000
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10_080)
_NAMES = {Signal.TROUBLE: "authors in trouble", Signal.IMPACT: "authors who want anything"}
Point = tuple[datetime, tuple[Reading, ...]]
Scale = Callable[[datetime], float]
Heights = Callable[[float], float]


def curve(track: Track) -> str:
    """The picture of one watchlist: a panel for each signal."""
    height = _TOP + 2 * (_HEIGHT + _GAP)
    window = int(track.settings.window / timedelta(minutes=1))
    parts = [svg.text(_LEFT, 26, f"{track.watchlist}: different authors within {window} minutes", "big"), _legend()]
    for position, signal in enumerate(Signal):
        parts += _panel(track, signal, _TOP + position * (_HEIGHT + _GAP))
    return svg.document(_WIDTH, height, f"Incidents on {track.watchlist}", parts)


def _legend() -> str:
    y = 45.0
    return "".join(
        svg.line(x, y - 4, x + 24, y - 4, css) + svg.text(x + 30, y, words, "dim")
        for x, css, words in (
            (_LEFT, "line", "heard"), (_LEFT + 100, "usual", "usual"), (_LEFT + 200, "limit", "threshold"),
        )
    )  # fmt: skip


def _panel(track: Track, signal: Signal, top: float) -> list[str]:
    points = track.points
    if not points:
        return [svg.text(_LEFT, top + 20, "nothing was heard", "dim")]
    read = {s: i for i, s in enumerate(Signal)}[signal]
    begins, ends = points[0][0], points[-1][0]
    highest = max(max(p[1][read].authors, min(p[1][read].threshold, 3 * p[1][read].authors + 6)) for p in points)
    span = max((ends - begins).total_seconds(), 60.0)

    def x(at: datetime) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * min(max((at - begins).total_seconds() / span, 0), 1)

    def y(value: float) -> float:
        return top + _HEIGHT * (1 - min(value, highest * 1.05) / (highest * 1.05))

    thin = _thinned(points, read)
    parts = [svg.text(_LEFT, top - 6, _NAMES[signal], "head"), *_axes(begins, ends, x, y, top, highest)]
    parts += _moments([m for m in track.moments if m.signal is signal], x, top)
    parts.append(svg.path([(x(at), y(r.expected)) for at, r in thin], "usual"))
    parts.append(svg.path([(x(at), y(r.threshold)) for at, r in thin], "limit"))
    parts.append(svg.path([(x(at), y(r.authors)) for at, r in thin], "line"))
    return parts


def _thinned(points: Sequence[Point], read: int) -> list[tuple[datetime, Reading]]:
    """At most so many points; of those that fall together the highest is shown, so that no spike is lost."""
    step = max(1, len(points) // _MOST_POINTS)
    groups = (points[i : i + step] for i in range(0, len(points), step))
    return [(best[0], best[1][read]) for group in groups for best in (max(group, key=lambda p: p[1][read].authors),)]


def _axes(begins: datetime, ends: datetime, x: Scale, y: Heights, top: float, highest: int) -> list[str]:
    every = next((s for s in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if highest / s <= 5), 5000)
    parts: list[str] = []
    for value in range(0, highest + 1, every):
        parts.append(svg.line(_LEFT, y(value), _WIDTH - _RIGHT, y(value), "grid"))
        parts.append(svg.text(_LEFT - 8, y(value) + 4, str(value), "dim", "end"))
    minutes = (ends - begins).total_seconds() / 60
    step = next((s for s in _STEPS if minutes / s <= 14), 10_080)
    at = begins.replace(minute=0, second=0, microsecond=0)
    while at <= ends:
        if at >= begins:
            shown = f"{at:%H:%M}" if step < 1440 else f"{at:%d %b}"
            parts.append(svg.text(x(at), top + _HEIGHT + 18, shown, "dim", "middle"))
        at += timedelta(minutes=step)
    return parts


def _moments(moments: Sequence[Moment], x: Scale, top: float) -> list[str]:
    parts: list[str] = []
    opened: Moment | None = None
    for moment in moments:
        if moment.kind == "grown":
            parts.append(svg.line(x(moment.at), top + _HEIGHT - 8, x(moment.at), top + _HEIGHT, "mark"))
        elif moment.kind == "opened":
            opened = moment
            parts.append(svg.line(x(moment.at), top, x(moment.at), top + _HEIGHT, "mark"))
            said = f"{moment.at:%H:%M:%S} opened, {moment.authors} authors"
            anchor = "end" if x(moment.at) > _WIDTH * 0.8 else "start"
            parts.append(
                svg.text(max(x(moment.at), _LEFT + 190) + (-4 if anchor == "end" else 4), top - 6, said, "said", anchor)
            )
        elif opened is not None:
            parts.append(svg.rect(x(opened.at), top, max(x(moment.at) - x(opened.at), 1), _HEIGHT, "span"))
            parts.append(svg.text(x(moment.at) - 4, top + 14, f"{moment.at:%H:%M} over", "said", "end"))
    return parts
