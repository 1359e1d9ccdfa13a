"""The escalation matrix as a picture: a row for each trigger, its levels from left to right."""

from collections.abc import Callable, Sequence

from console.drawing import svg
from triage.matrix import Level, Trigger

_LEFT, _TOP, _HEAD, _BOX, _GAP, _LINE = 24.0, 56.0, 270.0, 240.0, 34.0, 17.0
_LETTERS = 28


def picture(rows: Sequence[Trigger], say: Callable[[str], str] = str) -> str:
    """The whole matrix; `say` says a sentence of it in another language."""
    title = say("Who is told when")
    parts = [svg.text(_LEFT, 28, title, "big")]
    y, most = _TOP, max((len(row.levels) for row in rows), default=1)
    for row in rows:
        drawn, height = _row(row, y, say)
        parts += drawn
        y += height + 18
    width = _LEFT * 2 + _HEAD + most * (_BOX + _GAP)
    return svg.document(width, y + 8, title, parts)


def _row(row: Trigger, y: float, say: Callable[[str], str]) -> tuple[list[str], float]:
    boxes = [_lines(level, say) for level in row.levels]
    head = [*_wrapped(say(row.trigger)), *_wrapped(say(f"policy {row.policy}, {row.ends}"))]
    height = max(len(lines) for lines in (*boxes, head)) * _LINE + 18
    named = len(_wrapped(say(row.trigger)))
    parts = [svg.text(_LEFT, y + 20 + i * _LINE, words, "head" if i < named else "dim") for i, words in enumerate(head)]
    for position, lines in enumerate(boxes):
        x = _LEFT + _HEAD + position * (_BOX + _GAP)
        middle = y + height / 2
        parts.append(svg.line(x - _GAP + 4, middle, x - 6, middle, "arrow"))
        parts.append(svg.path([(x - 12, middle - 4), (x - 6, middle), (x - 12, middle + 4)], "arrow"))
        parts.append(svg.rect(x, y, _BOX, height, "box"))
        parts += [svg.text(x + 12, y + 20 + i * _LINE, words, "dim" if i == 0 else "") for i, words in enumerate(lines)]
    return parts, height


def _lines(level: Level, say: Callable[[str], str]) -> list[str]:
    said = [level.words, *([f"only: {level.only}"] if level.only else [])]
    return [say(level.after), *(line for words in said for line in _wrapped(say(words)))]


def _wrapped(words: str) -> list[str]:
    """Lines that fit their box."""
    lines = [""]
    for word in (part for whole in words.split() for part in _cut(whole)):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > _LETTERS:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def _cut(word: str) -> list[str]:
    return [word[at : at + _LETTERS] for at in range(0, len(word), _LETTERS)]
