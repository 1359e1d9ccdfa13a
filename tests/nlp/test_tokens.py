"""Texts as numbers: whole tokens, the same hash for the same word wherever it stands."""

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nlp.tokens import SEPARATOR, Tokens, read_tokens


def spelled(texts: list[str], tokens: Tokens) -> list[list[str]]:
    joined = SEPARATOR.join(texts) + SEPARATOR
    found: list[list[str]] = [[] for _ in texts]
    for start, end, post in zip(tokens.start, tokens.end, tokens.post, strict=True):
        found[post].append(joined[start:end])
    return found


def test_words_signs_emoji_and_handles_are_tokens() -> None:
    texts = ["don't 'go' now!!! 😡😡 \x00\x00\x00", "", "a, b"]
    assert spelled(texts, read_tokens(texts)) == [
        ["don't", "'", "go", "'", "now", "!!!", "😡😡", "\x00\x00\x00"],
        [],
        ["a", ",", "b"],
    ]


def test_a_word_is_the_same_everywhere_and_digits_are_alike() -> None:
    tokens = read_tokens(["bahn und bahn", "die bahn", "seit 3 tagen", "seit 4 tagen"])
    number: dict[str, set[int]] = {"bahn": set(), "digit": set()}
    texts = spelled(["bahn und bahn", "die bahn", "seit 3 tagen", "seit 4 tagen"], tokens)
    for word, distinct in zip([word for text in texts for word in text], tokens.distinct.tolist(), strict=True):
        if word in ("bahn", "3", "4"):
            number["bahn" if word == "bahn" else "digit"].add(distinct)
    assert len(number["bahn"]) == len(number["digit"]) == 1
    assert number["bahn"] != number["digit"]


def test_letter_groups_tell_the_inside_of_a_word_from_its_ends() -> None:
    tokens = read_tokens(["ung", "zeitung", "ungut"])
    groups = np.split(tokens.group, tokens.group_start[1:])
    alone, end, front = (set(groups[index].tolist()) for index in tokens.distinct)
    assert not alone & end and not alone & front and not end & front


texts = st.lists(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters=SEPARATOR), max_size=80), max_size=5
)


@given(texts)
def test_any_batch_gives_what_its_texts_give_alone(batch: list[str]) -> None:
    together = read_tokens(batch) if batch else None
    words = [] if together is None else together.word[together.distinct].tolist()
    alone = [read_tokens([text]) for text in batch]
    assert words == [word for tokens in alone for word in tokens.word[tokens.distinct].tolist()]


@given(texts, st.data())
def test_those_of_some_posts_are_what_these_give_alone(batch: list[str], data: st.DataObject) -> None:
    posts = [place for place in range(len(batch)) if data.draw(st.booleans())]
    if not posts:
        return
    some, alone = read_tokens(batch).of(np.array(posts)), read_tokens([batch[place] for place in posts])
    for name in ("first", "post", "distinct", "word", "group", "group_start"):
        assert np.array_equal(getattr(some, name), getattr(alone, name)), name
    assert spelled(batch, replace(some, post=np.array(posts)[some.post])) == [
        one if place in posts else [] for place, one in enumerate(spelled(batch, read_tokens(batch)))
    ]


def test_a_batch_of_only_empty_texts_is_read() -> None:
    assert len(read_tokens(["", ""]).start) == 0
