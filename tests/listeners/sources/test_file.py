"""JSON lines: good ones arrive, a bad one harms only itself, and reading goes on where it was."""

import asyncio
import gzip
import json
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leitstand.errors import FetchError
from listeners.contract import Batch, Listens, Verifies
from listeners.sources import file
from listeners.sources.file import MAX_LINE_BYTES, Settings, listen, read, verify


def written(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def posts(*numbers: int) -> list[str]:
    return [json.dumps({"external_id": str(n), "text": f"post {n}"}) for n in numbers]


def heard(settings: Settings, count: int, cursors: Mapping[str, str] | None = None) -> list[Batch]:
    """The first batches of a listener."""

    async def some() -> list[Batch]:
        async with aclosing(cast(AsyncGenerator[Batch, None], listen("f", settings, cursors or {}))) as batches:
            return [await anext(batches) for _ in range(count)]

    return asyncio.run(some())


def ids(batch: Batch) -> list[str]:
    return [mention.external_id for mention in batch.mentions]


def test_it_is_a_source() -> None:
    assert isinstance(file, Listens)
    assert isinstance(file, Verifies)


def test_one_bad_line_is_reported_and_the_others_go_on(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", *posts(1), "{bad", '{"id": 9}', "", *posts(2))
    [batch] = heard(Settings(path=path), 1)
    assert ids(batch) == ["1", "2"]
    assert batch.error.startswith("line at byte 39: not valid JSON")
    assert batch.error.endswith("(and 1 more)")
    assert batch.cursor == str(path.stat().st_size)


def test_it_goes_on_from_its_cursor(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", *posts(1, 2, 3))
    [first] = heard(Settings(path=path, rate=10), 1)
    assert ids(first) == ["1"]
    [rest] = heard(Settings(path=path), 1, {"": first.cursor or ""})
    assert ids(rest) == ["2", "3"]


def test_an_unfinished_line_waits_for_its_end(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", *posts(1))
    with path.open("a") as writer:
        writer.write('{"external_id": "2", "te')
    [first, idle] = heard(Settings(path=path), 1) + heard(Settings(path=path), 1, {"": "39"})
    assert (ids(first), first.cursor, idle) == (["1"], "39", Batch((), None))
    with path.open("a") as writer:
        writer.write('xt": "post 2"}\n')
    assert ids(heard(Settings(path=path), 1, {"": "39"})[0]) == ["2"]


def test_a_shorter_file_is_a_new_one(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", *posts(7))
    assert ids(heard(Settings(path=path), 1, {"": "4000"})[0]) == ["7"]


def test_a_huge_line_is_skipped(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", *posts(1), "x" * (3 * MAX_LINE_BYTES), *posts(2))
    [batch] = heard(Settings(path=path), 1)
    assert (ids(batch), batch.error) == (["1", "2"], "line at byte 39: longer than 1,000,000 bytes")


def test_gzip_is_read_too_and_progress_is_in_bytes_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join(posts(1, 2)).encode()))
    lines = list(read(path))
    assert [line.mention.external_id for line in lines if line.mention] == ["1", "2"]
    assert lines[-1].position == path.stat().st_size
    assert ids(heard(Settings(path=path), 1, {"": str(lines[0].end)})[0]) == ["2"]


def test_a_packed_file_is_unpacked_once_however_long_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join(posts(*range(1_200))).encode()))

    async def three() -> list[str]:
        batches = cast(AsyncGenerator[Batch, None], listen("f", Settings(path=path), {}))
        async with aclosing(batches):
            heard = ids(await anext(batches))
            path.unlink()  # whoever opened it again would find nothing
            return [*heard, *ids(await anext(batches)), *ids(await anext(batches))]

    assert asyncio.run(three()) == [str(n) for n in range(1_200)]


@pytest.mark.parametrize(
    ("name", "content"), [("missing.jsonl", None), ("cut.gz", gzip.compress(b"{}" * 99)[:-9]), ("no.gz", b"{}")]
)
def test_a_file_that_cannot_be_read_is_a_fault(tmp_path: Path, name: str, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(FetchError, match=f"{name} cannot be read"):
        heard(Settings(path=tmp_path / name), 1)


def test_the_rate_is_kept(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", *posts(*range(30)))
    began = time.monotonic()
    batches = heard(Settings(path=path, rate=200), 2)
    assert [len(batch.mentions) for batch in batches] == [20, 10]
    assert time.monotonic() - began >= 0.1


def test_verify_reads_the_first_lines(tmp_path: Path) -> None:
    good = written(tmp_path / "good.jsonl", *posts(*range(20)))
    assert asyncio.run(verify(Settings(path=good))) == "good.jsonl: 10 of the first 10 lines can be read"
    with pytest.raises(FetchError, match=r"bad\.jsonl: none of the first 1 lines is a mention: not valid JSON"):
        asyncio.run(verify(Settings(path=written(tmp_path / "bad.jsonl", "{"))))


@given(st.lists(st.binary(max_size=30).map(lambda b: b.replace(b"\n", b"")), max_size=10))
def test_the_offsets_lead_back_to_the_lines(tmp_path_factory: pytest.TempPathFactory, raw: list[bytes]) -> None:
    path = tmp_path_factory.getbasetemp() / "offsets.jsonl"
    path.write_bytes(b"\n".join(raw))
    content = path.read_bytes()
    lines = list(read(path))
    assert [content[line.start : line.end].rstrip(b"\n") for line in lines] == [one for one in raw if one.strip()]
    for line in lines:
        assert [later.start for later in read(path, line.end)] == [one.start for one in lines if one.start > line.start]
