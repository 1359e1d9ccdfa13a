"""Which characters are what: marks, emoji, scripts written without blanks, and characters that are not there at all.

Every set is the inside of a regular expression's `[…]`, so that both the normalisation and the word splitting are built
from the same sets.
"""

import re
import unicodedata
from typing import Final


def _ranges(category: str, limit: int = 0x20000) -> str:
    """The code points of a Unicode category as the inside of a character class."""
    runs: list[list[int]] = []
    for code in range(limit):
        if unicodedata.category(chr(code)).startswith(category):
            if runs and runs[-1][1] == code - 1:
                runs[-1][1] = code
            else:
                runs.append([code, code])
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in runs)


VARIATIONS: Final = "\ufe00-\ufe0f\u180b-\u180d\U000e0100-\U000e01ef"
REMOVED: Final = VARIATIONS + "\u034f\U000e0000-\U000e007f" + _ranges("Cf")
MARKS: Final = _ranges("M")
BLANKED: Final = "™®©℠"
JOINER: Final = "\u200d"
TONES: Final = "\U0001f3fb-\U0001f3ff"
KEYCAP: Final = "\u20e3"
FLAG_LETTERS: Final = "\U0001f1e6-\U0001f1ff"

# Unicode's Extended_Pictographic without what NFKC turns into letters or signs, and without ™ ® ©.
PICTURES: Final = (
    "\u2194-\u2199\u21a9\u21aa\u231a\u231b\u2328\u2388\u23cf\u23e9-\u23f3\u23f8-\u23fa\u25aa\u25ab\u25b6\u25c0"
    "\u25fb-\u25fe\u2600-\u2605\u2607-\u2612\u2614-\u2685\u2690-\u2705\u2708-\u2712\u2714\u2716\u271d\u2721\u2728"
    "\u2733\u2734\u2744\u2747\u274c\u274e\u2753-\u2755\u2757\u2763-\u2767\u2795-\u2797\u27a1\u27b0\u27bf\u2934\u2935"
    "\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55\u3030\u303d\U0001f000-\U0001f0ff\U0001f16c-\U0001f171\U0001f17e\U0001f17f"
    "\U0001f18e\U0001f191-\U0001f19a\U0001f249-\U0001f3fa\U0001f400-\U0001f53d\U0001f546-\U0001f64f"
    "\U0001f680-\U0001f6ff\U0001f774-\U0001f77f\U0001f7d5-\U0001f7ff\U0001f90c-\U0001f93a\U0001f93c-\U0001f945"
    "\U0001f947-\U0001faff"
)

# Thai to Myanmar, Khmer, Tai Tham, kana and Han: no blanks between words. Hangul has blanks.
UNSPACED: Final = (
    "\u0e00-\u0e3e\u0e40-\u0eff\u0f00\u0f20-\u0f33\u0f40-\u109f\u1780-\u17d3\u17d7-\u17ff\u1a20-\u1aaf\u3005-\u3007"
    "\u3021-\u302f\u3031-\u3035\u3041-\u309a\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)

_PICTURE = f"[{PICTURES}][{VARIATIONS}]?[{TONES}]?(?:[\U000e0020-\U000e007e]+\U000e007f)?"
EMOJI: Final = f"[{FLAG_LETTERS}]{{2}}|(?<!\\w)[0-9#*]\ufe0f?{KEYCAP}|{_PICTURE}(?:{JOINER}{_PICTURE})*"

# What stands for * and ? in a query's words while they are split.
ANY: Final = "\ue000"
ONE: Final = "\ue001"

is_removed: Final = re.compile(f"[{REMOVED}]").match
is_mark: Final = re.compile(f"[{MARKS}]").match
is_picture: Final = re.compile(f"[{PICTURES}{FLAG_LETTERS}]").match
is_unspaced: Final = re.compile(f"[{UNSPACED}]").match
without_tones: Final = re.compile(f"[{TONES}]")
