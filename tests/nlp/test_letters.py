"""The letters of languages as kept for all processes: the very answers of py3langid, mapped, whole or not there."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from threading import Barrier

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from py3langid import modelio
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from nlp import language, letters
from nlp.language import LANGUAGES

_PIECES = [
    *("die verbindung ist wieder weg", "niemand geht ans telefon", "the parcel never arrived", "nobody answers", "ok"),
    *("où est mon colis", "¿dónde está mi pedido?", "waar blijft mijn pakket", "il pacco non arriva", "onde está"),
    *("gdzie jest moja paczka", "paketim hâlâ gelmedi", "var är mitt paket", "hvor er min pakke", "где мой заказ"),
    *("де моє замовлення", "أين طلبي", "12 %", "AUSFALL", "ß"),
]
texts = st.text(max_size=200) | st.lists(st.sampled_from(_PIECES), max_size=12).map(" ".join)


@pytest.fixture(scope="module", autouse=True)
def _read_once() -> Iterator[None]:
    """The package's file is read once for all of these tests: that takes half a second each time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(modelio, "load_model", cache(modelio.load_model))
        yield


@pytest.fixture(scope="module")
def whole() -> LanguageIdentifier:
    """The package's own, limited to our languages by its own means."""
    made = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    made.set_languages(list(LANGUAGES))
    return made


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where they are kept already."""
    made = tmp_path_factory.mktemp("letters")
    letters.kept(LANGUAGES, made)
    return made


@pytest.fixture(scope="module")
def kept(folder: Path) -> LanguageIdentifier:
    return letters.kept(LANGUAGES, folder)


@pytest.fixture
def _as_before() -> Iterator[None]:
    """No later test reads languages from a folder that is gone."""
    before = list(language._letters)
    yield
    language._letters[:] = before


@given(text=texts)
@example(text="")
@example(text="?")
def test_what_is_kept_answers_to_the_last_bit_as_the_package(
    whole: LanguageIdentifier, kept: LanguageIdentifier, text: str
) -> None:
    assert kept.rank(text) == whole.rank(text)


def test_it_is_written_once_and_mapped(folder: Path) -> None:
    (place,) = folder.iterdir()
    before = {file.name: (file.stat().st_ino, file.stat().st_mtime_ns) for file in place.iterdir()}
    held = letters.kept(LANGUAGES, folder)
    assert {file.name: (file.stat().st_ino, file.stat().st_mtime_ns) for file in place.iterdir()} == before
    maps = Path("/proc/self/maps")
    assert held and (not maps.exists() or str(place / "moves.npy") in maps.read_text())


def test_the_daemon_asks_what_is_kept(folder: Path, whole: LanguageIdentifier, _as_before: None) -> None:
    language.keep_letters(folder)
    assert language.letters().labels == whole.labels
    assert language.detect("paketim hâlâ gelmedi")[0] == "tr"


def test_two_that_write_at_once_leave_one_copy_and_both_read_it(tmp_path: Path) -> None:
    together = Barrier(2)

    def keep(_: int) -> list[tuple[str, float]]:
        together.wait()
        found: list[tuple[str, float]] = letters.kept(LANGUAGES, tmp_path).rank("wo bleibt mein paket")
        return found

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(keep, range(2))
    assert first == second
    assert len(list(tmp_path.iterdir())) == 1


def test_another_version_of_the_package_is_read_anew_and_the_old_copy_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "of-before").mkdir()
    letters.kept(LANGUAGES, tmp_path)
    (first,) = tmp_path.iterdir()
    monkeypatch.setattr(letters, "version", lambda package: "999")
    letters.kept(LANGUAGES, tmp_path)
    (second,) = tmp_path.iterdir()
    assert "of-before" != first.name != second.name


@pytest.mark.parametrize("part", letters._PARTS)
@pytest.mark.parametrize("left", [0, 100])
def test_what_is_damaged_is_written_anew(
    tmp_path: Path, whole: LanguageIdentifier, part: str, left: int, folder: Path
) -> None:
    (kept,) = folder.iterdir()
    place = tmp_path / kept.name
    place.mkdir()
    for file in kept.iterdir():
        (place / file.name).hardlink_to(file)
    damaged = place / f"{part}.npy"
    damaged.unlink()
    damaged.write_bytes((kept / damaged.name).read_bytes()[:left])
    found = letters.kept(LANGUAGES, tmp_path)
    assert found.rank("wo bleibt mein paket") == whole.rank("wo bleibt mein paket")
    assert damaged.read_bytes() == (kept / damaged.name).read_bytes()


def test_where_nothing_can_be_written_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        letters.kept(LANGUAGES, tmp_path)
    assert list(tmp_path.iterdir()) == []
