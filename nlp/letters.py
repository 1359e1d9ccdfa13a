"""What the letters of a text say of its language: py3langid's model, cut to a few languages and kept as plain files.

The package holds 142 languages in one packed file: to read it takes half a second, and what is left of it 45 MB of each
process. Where there is a folder to keep things in, the cut is written there once, as it lies in memory. From there it
is mapped in a moment, and is in memory once for all processes.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from py3langid import modelio
from py3langid.langid import MODEL_DIR, MODEL_FILE, LanguageIdentifier

_LAYOUT = "1"  # of the files below
_PARTS = ("figures", "priors", "names", "moves", "rows", "features")


@dataclass(frozen=True, slots=True)
class _Cut:
    """A figure for each feature and language; how common these are, their names; the machine that finds features."""

    figures: NDArray[Any]
    priors: NDArray[Any]
    names: NDArray[Any]
    moves: NDArray[Any]
    rows: NDArray[Any]
    features: NDArray[Any]


def read(languages: Collection[str]) -> LanguageIdentifier:
    """What knows these languages, read from the package."""
    return _identifier(_cut(languages))


def kept(languages: Collection[str], folder: Path) -> LanguageIdentifier:
    """The same, mapped from `folder`, where it is written first if it is not there. Raises OSError if it cannot be."""
    place = folder / _key(languages)
    if not place.is_dir():
        _write(_cut(languages), place)
    try:
        return _identifier(_mapped(place))
    except (ValueError, EOFError):  # damaged
        shutil.rmtree(place)
        _write(_cut(languages), place)
        return _identifier(_mapped(place))


def _mapped(place: Path) -> _Cut:
    return _Cut(*(np.asarray(np.load(place / f"{part}.npy", mmap_mode="r")) for part in _PARTS))


def _cut(languages: Collection[str]) -> _Cut:
    # Not `from_model_file` and `set_languages`, which keep the figures of all 142 languages beside ours: 30 MB.
    figures, priors, names, moves, rows, features = modelio.load_model(MODEL_DIR / MODEL_FILE)
    ours = [place for place, name in enumerate(names) if name in languages]
    named = np.array([names[place] for place in ours])
    found = np.array(features, dtype=np.intc)
    return _Cut(figures[:, ours], priors[ours], named, np.asarray(moves), np.asarray(rows), found)


def _identifier(cut: _Cut) -> LanguageIdentifier:
    # As memory and not as arrays of numpy, whose single numbers are slow to come by.
    moves, rows, features = cut.moves.data, cut.rows.data, cut.features.data
    return LanguageIdentifier(
        cut.figures, np.array(cut.priors), cut.names.tolist(), moves, features, norm_probs=True, tk_row=rows
    )


def _key(languages: Collection[str]) -> str:
    """Another one for every version of the package, every choice of languages, and every layout of the files."""
    model = (MODEL_DIR / MODEL_FILE).stat()
    told = (_LAYOUT, version("py3langid"), str(model.st_size), *sorted(languages))
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]


def _write(cut: _Cut, place: Path) -> None:
    """Whole or not at all, also where two write at once or the power fails."""
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix="unfinished-", dir=place.parent))
    try:
        for part in _PARTS:
            with (unfinished / f"{part}.npy").open("xb") as file:
                np.save(file, getattr(cut, part), allow_pickle=False)
                file.flush()
                os.fsync(file.fileno())
        unfinished.rename(place)
        _tidy(place)
    except OSError:
        shutil.rmtree(unfinished, ignore_errors=True)
        if not place.is_dir():
            raise


def _tidy(place: Path) -> None:
    """What is of another version, or was left unfinished, goes: it takes 40 MB. Who still maps it keeps it."""
    for other in place.parent.iterdir():
        if other != place:
            shutil.rmtree(other, ignore_errors=True)
