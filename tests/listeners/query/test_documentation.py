"""Every row of docs/query.md is so."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from leitstand.errors import QueryError
from listeners.query.parser import parse
from listeners.query.tokens import FIELDS

Ask = Callable[..., bool]

PAGE = (Path(__file__).parents[3] / "docs" / "query.md").read_text()


def rows(heading: str) -> list[list[str]]:
    """The cells of all tables with this first column."""
    tables = re.findall(rf"^\| {heading} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    return [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for table in tables
        for line in table.strip().split("\n")
    ]


@pytest.mark.parametrize("row", rows("query"), ids=" ".join)
def test_finds_what_the_page_says(ask: Ask, row: list[str]) -> None:
    query, found, not_found = row
    assert all(ask(query.strip("`"), text) for text in found.split(", "))
    assert not any(ask(query.strip("`"), text) for text in not_found.split(", "))


@pytest.mark.parametrize("row", rows("refused"), ids=" ".join)
def test_refuses_what_the_page_says(row: list[str]) -> None:
    query, why = row
    with pytest.raises(QueryError, match=why):
        parse(query.strip("`"))


def test_every_field_is_there_and_its_examples_are_taken() -> None:
    examples = [example for field, _ in rows("field") for example in re.findall("`([^`]+)`", field)]
    assert {example.partition(":")[0] for example in examples} == set(FIELDS)
    for example in examples:
        parse(f"acme AND {example}")


def test_there_is_something_to_check() -> None:
    assert len(rows("query")) > 20
    assert len(rows("refused")) > 5
