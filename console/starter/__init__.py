"""What `leitstand init` writes: a configuration that works as it is, posts to try it with, secrets of your own.

Nothing that is there is overwritten: everything is looked at before anything is written.
"""

import json
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from leitstand.errors import InputError, ServiceError
from leitstand.schema import json_schema

_HERE = Path(__file__).parent
CONFIGURATION, SAMPLE = "leitstand.toml", "sample.jsonl"


@dataclass(frozen=True, slots=True)
class Piece:
    """One file to write. `secret` ones are readable by their owner only; one that is `shared` is added to."""

    path: str
    content: Callable[[], str]
    about: str
    secret: bool = False
    shared: bool = False


def _shipped(name: str) -> Callable[[], str]:
    return lambda: (_HERE / name).read_text(encoding="utf-8")


def schema_text() -> str:
    """The JSON Schema of the configuration as a file's text."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _token() -> str:
    return secrets.token_urlsafe(32) + "\n"


_PIECES = (
    Piece(CONFIGURATION, _shipped(CONFIGURATION), "the configuration, commented and ready to run"),
    Piece("leitstand.schema.json", schema_text, "lets your editor complete and check it"),
    Piece("secrets/ingest-token", _token, "for programs that hand posts in; readable by you only", secret=True),
    Piece("secrets/console-token", _token, "you sign in to the console with it; readable by you only", secret=True),
    Piece(SAMPLE, _shipped(SAMPLE), "twelve invented posts, German and English, to try it with"),
    Piece(".gitignore", _shipped("gitignore"), "keeps secrets/ and var/ out of git", shared=True),
)


def pieces(configuration: str = CONFIGURATION) -> tuple[Piece, ...]:
    """All that is written, the configuration under this name. Raises InputError where another piece has it."""
    if configuration in {piece.path for piece in _PIECES[1:]}:
        raise InputError(f"{configuration} is what another of the files is called: name the configuration otherwise")
    return (replace(_PIECES[0], path=configuration), *_PIECES[1:])


def write(folder: Path, pieces: Sequence[Piece] = _PIECES) -> Iterator[Piece]:
    """Write every piece into `folder`, yielding each when it is there. Raises InputError if one of them exists."""
    there = [piece.path for piece in pieces if not piece.shared and os.path.lexists(folder / piece.path)]
    if there:
        raise InputError(
            f"nothing was written: {folder}/ already has {', '.join(there)}; name a new folder: leitstand init FOLDER"
        )
    for piece in pieces:
        try:
            _write(folder / piece.path, piece)
        except OSError as error:
            raise ServiceError(f"cannot write {folder / piece.path}: {error.strerror}") from None
        yield piece


def _write(path: Path, piece: Piece) -> None:
    path.parent.mkdir(mode=0o700 if piece.secret else 0o755, parents=True, exist_ok=True)
    path.touch(mode=0o600 if piece.secret else 0o644, exist_ok=piece.shared)
    before = path.read_bytes()
    line_end = b"\n" if before and not before.endswith(b"\n") else b""
    path.write_bytes(before + line_end + piece.content().encode())
