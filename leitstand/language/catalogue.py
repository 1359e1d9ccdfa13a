"""The words of a language, read from `<language>.po` at first use, so that a clone needs no compile step."""

from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Literal, get_args

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

Language = Literal["en", "de"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
_FOLDER = Path(__file__).parent


@cache
def translations(language: Language) -> Translations:
    """The words of what stages write. English is what the sources say."""
    return read(_FOLDER, language)


def read(folder: Path, language: Language) -> Translations:
    """The words of the folder's catalogue of that language; none where it has no catalogue."""
    path = folder / f"{language}.po"
    if not path.exists():
        return Translations()
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return Translations(compiled)
