"""Whether two texts are one: a copy with small edits, a copy within a comment, or one the cut-off beginning. Pure.

other language → no
the same words → yes
one begins the other and was cut → yes, if what is left agrees in numbers and negation
numbers or negations differ → no
enough common shingles, typing errors mended → yes
"""

from difflib import SequenceMatcher

from leitstand.likeness.words import NEGATORS, Words, fold, negations, numbers, shingles

SIMILAR = 0.5
UNKNOWN = "unknown"
_CONTAINED, _QUOTED_WORDS = 0.85, 10  # a long text wholly within another is a copy with a comment
_UNCUT_WORDS = 6  # so many first words alike are no chance, even where nothing shows the cut
_BEGINNING = 0.8
_HOPELESS = 0.2  # so few shingles in common: no mending of spelling will do
_SHORT, _STRICTER = 8, 0.1  # "thank you for the tip" and "… for the help" are not copies: few words must be more alike
# A remark with one of these takes the text back.
_DENYING = "true false fake wrong correct hoax lie lies lied wahr stimmt stimmen falsch richtig gelogen"
_DENIALS = frozenset(map(fold, _DENYING.split()))
_NEGATIVE = ("un", "in", "im", "il", "ir", "dis", "non", "miss", "nicht")  # none begins another


def same_language(one: str, other: str) -> bool:
    """Whether nothing speaks against it."""
    return one == other or UNKNOWN in (one, other)


def is_copy(one: Words, other: Words, similar: float = SIMILAR) -> bool:
    """Whether two texts of one language say the same in the same words."""
    if not (one.enough and other.enough) or _other_tags(one, other):
        return False
    if one.tokens == other.tokens:
        return True
    short, long = sorted((one, other), key=lambda words: len(words.tokens))
    if _begins(short, long):
        return True
    if len(short.shingles & long.shingles) < _HOPELESS * len(short.shingles):
        return False
    if numbers(one.tokens) != numbers(other.tokens) or _contradicts(short, long):
        return False
    if _denies(short.tokens, long.tokens) or _denies(long.tokens, short.tokens):
        return False
    return _alike(short.shingles, long, similar) or _alike(shingles(_mended(short, long)), long, similar)


def _alike(left: frozenset[str], long: Words, similar: float) -> bool:
    """Whether enough is common to both, or nearly all of a text that is not short stands in the longer one."""
    common, words = len(left & long.shingles), len(left) + 1
    wanted = min(1.0, similar + _STRICTER * max(0, _SHORT - words))
    if common >= wanted * (len(left) + len(long.shingles) - common):
        return True
    return words >= _QUOTED_WORDS and common >= _CONTAINED * len(left)


def _other_tags(one: Words, other: Words) -> bool:
    """Whether both have a tag of the same letters with other digits, as #re5 and #re7."""
    mine, theirs = dict(one.tags), dict(other.tags)
    return any(theirs.get(stem, digits) != digits for stem, digits in mine.items())


def _begins(short: Words, long: Words) -> bool:
    """Whether the short text is the beginning of the long one."""
    end = len(short.tokens)
    if end >= len(long.tokens):
        return False
    last, there = short.tokens[-1], long.tokens[end - 1]
    halved = last != there and there.startswith(last)
    if not (short.cut or halved) and (end < _UNCUT_WORDS or _contradicts(short, long)):
        return False
    head, other = short.tokens[:-1], long.tokens[: end - 1]
    if last != there and not halved:
        return False
    if numbers(head) != numbers(other) or negations(head) != negations(other):
        return False
    if last == there and not halved and head == other:
        return True
    left, right = shingles(head), shingles(other)
    return len(left & right) >= _BEGINNING * len(left)


def _contradicts(short: Words, long: Words) -> bool:
    """Whether one denies more than the other, but for a remark that only the longer one has at an end."""
    denied = negations(short.tokens)
    if denied == negations(long.tokens):
        return False
    blocks = SequenceMatcher(None, short.tokens, long.tokens, autojunk=False).get_matching_blocks()
    first, last = blocks[0], blocks[-2] if len(blocks) > 1 else blocks[0]
    start = first.b if first.a == 0 and first.b in long.sentences else 0
    end = last.b + last.size
    if last.a + last.size < len(short.tokens) or end not in long.sentences:
        end = len(long.tokens)
    remarks = long.tokens[:start] + long.tokens[end:]
    return negations(long.tokens[start:end]) != denied or not _DENIALS.isdisjoint(remarks)


def _denies(tokens: tuple[str, ...], others: tuple[str, ...]) -> bool:
    """Whether one has the opposite of another's word, as `unusable` is of `usable`."""
    for word in tokens:
        if word.startswith(_NEGATIVE):
            prefix = next(prefix for prefix in _NEGATIVE if word.startswith(prefix))
            positive = word[len(prefix) :]
            if len(positive) >= 4 and positive in others and positive not in tokens:
                return True
    return False


def _mended(short: Words, long: Words) -> tuple[str, ...]:
    """The short text spelt as the long one where they differ by typing errors; as it is where they differ by much."""
    only_short = set(short.tokens).difference(long.tokens)
    only_long = set(long.tokens).difference(short.tokens)
    if not only_short or 2 * len(only_short) > len(short.tokens):
        return short.tokens
    spelt = {word: there for word in only_short for there in only_long if _typo(word, there)}
    return tuple([spelt.get(word, word) for word in short.tokens]) if spelt else short.tokens


def _typo(one: str, other: str) -> bool:
    """One letter too many, missing, wrong or swapped with the next in words of four letters or more."""
    if one[0].isdigit() or other[0].isdigit() or one in NEGATORS or other in NEGATORS:
        return False
    short, long = sorted((one, other), key=len)
    if len(short) < 4 or len(long) - len(short) > 1:
        return False
    start = next((n for n, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    rest, rest_long = short[start:], long[start:]
    if len(short) != len(long):
        return rest == rest_long[1:]
    return rest[1:] == rest_long[1:] or (rest[:2] == rest_long[1::-1] and rest[2:] == rest_long[2:])
