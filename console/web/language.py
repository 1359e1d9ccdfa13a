"""German and English: which one a browser wants, and the words of it: those of pages, and those of the stages."""

from functools import cache
from pathlib import Path

from babel import negotiate_locale
from babel.support import Translations
from starlette.requests import Request

from leitstand.language import catalogue
from leitstand.language.catalogue import LANGUAGES, Language

COOKIE = "leitstand_language"
NAMES: dict[Language, str] = {"en": "English", "de": "Deutsch"}
_FOLDER = Path(__file__).parent / "translations"
_LONGEST_HEADER = 500


@cache
def translations(language: Language) -> Translations:
    """The words of pages in a language, with those of what stages write."""
    words = catalogue.read(_FOLDER, language)
    words.merge(catalogue.translations(language))
    return words


def known(name: str | None) -> Language | None:
    """The language of that name, if there is one."""
    return next((language for language in LANGUAGES if language == name), None)


def chosen(request: Request, default: Language) -> Language:
    """What the person picked, else what the browser prefers, else `default`."""
    picked = known(request.cookies.get(COOKIE))
    return picked or accepted(request.headers.get("accept-language", "")) or default


def accepted(header: str) -> Language | None:
    """The best of our languages for an Accept-Language header; None where it wants neither."""
    weighted = []
    for position, part in enumerate(header[:_LONGEST_HEADER].split(",")):
        tag, _, parameter = part.partition(";")
        try:
            weight = float(parameter.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        if weight > 0 and tag.strip():
            weighted.append((-weight, position, tag.strip()))
    wanted = [tag.replace("-", "_") for _, _, tag in sorted(weighted)]
    return known(negotiate_locale(wanted, list(LANGUAGES)))
