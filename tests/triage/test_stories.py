"""Stories: what joins posts, how stories become one, how long they stay open, and how well all that works."""

import json
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leitstand.likeness.links import ignoring
from leitstand.model import Mention, MentionKind
from listeners.incoming import decode_line
from triage.stories.board import Board, place_all
from triage.stories.prints import language_of, prints

LABELLED = Path(__file__).parent / "data" / "stories.jsonl"
NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
SAID = "Nobody at Lanchester Parcel picks up the phone, I have been listening to flutes since nine"


def post(
    text: str, *, hours: float = 0, kind: MentionKind = "post", parent: str = "", ident: str = "", language: str = "en",
    links: tuple[str, ...] = (), channel: str = "x", url: str = "",
) -> Mention:  # fmt: skip
    at = NOW + timedelta(hours=hours)
    return Mention(
        channel, ident or f"{text[:40]}{hours}{kind}{language}", text, at, at, url,
        kind=kind, parent_id=parent, language=language, links=links,
    )  # fmt: skip


def together(*posts: Mention, board: Board | None = None, ignored: tuple[str, ...] = ()) -> list[list[int]]:
    """The posts' positions, story by story, in the order of the stories' first posts."""
    found = prints([(n, p, language_of(p, "unknown")) for n, p in enumerate(posts)], ignored)
    stories = place_all(found, board or Board())
    groups: dict[int, list[int]] = {}
    for number in range(len(posts)):
        groups.setdefault(stories[number], []).append(number)
    return list(groups.values())


@pytest.mark.parametrize(
    ("declared", "language"),
    [("de", "de"), ("de_AT", "de"), ("pt-BR", "pt"), ("EN", "en"), ("", "fr"), ("und", "fr"), ("unknown", "fr")],
)
def test_the_language_that_the_network_declares_counts_else_the_one_detected(declared: str, language: str) -> None:
    said = Mention("x", "1", "words", NOW, NOW, language=declared)
    assert language_of(said, "fr") == language


def test_a_repost_and_a_quote_belong_to_what_they_share() -> None:
    groups = together(
        post(SAID, ident="p1"),
        post("RT", kind="repost", parent="p1", hours=1),
        post("This. So much.", kind="quote", parent="p1", ident="q1", hours=2),
        post("…", kind="repost", parent="q1", hours=3),
        post("Same here", kind="reply", parent="p1", hours=4),
        post("RT", kind="repost", parent="p1", hours=5, channel="mastodon"),
    )
    assert groups == [[0, 1, 2, 3], [4], [5]]


def test_a_repost_that_comes_before_its_original_waits_for_it() -> None:
    assert together(post("RT", kind="repost", parent="p1"), post(SAID, ident="p1", hours=1)) == [[0, 1]]


def test_the_same_link_joins_in_any_language() -> None:
    groups = together(
        post("read https://www.ferret.example/a?utm_source=x"),
        post("lesen!", links=("http://ferret.example/a/amp",), language="de", hours=1),
        post("The article", kind="article", url="https://ferret.example/a", hours=2),
        post("another https://ferret.example/b", hours=3),
        post("root https://ferret.example/", hours=4),
        post("root too https://ferret.example", hours=5),
    )
    assert groups == [[0, 1, 2], [3], [4], [5]]


def test_ignored_links_join_nothing() -> None:
    posts = post("see status.acme.example/7"), post("is it down? https://status.acme.example/7", hours=1)
    assert together(*posts) == [[0, 1]]
    assert together(*posts, ignored=ignoring(["status.acme.example"])) == [[0], [1]]


def test_the_same_words_in_another_language_are_another_story() -> None:
    words = "Lumo App Login Error Support Ticket Status offline"
    assert together(post(words), post(words, language="de-AT", hours=1)) == [[0], [1]]
    assert together(post(words), post(words, language="en-GB", hours=1)) == [[0, 1]]
    assert together(post(words), post(words + "!", language="", hours=1)) == [[0, 1]]


def test_a_post_that_bridges_two_stories_makes_them_one_and_the_oldest_stays() -> None:
    posts = [
        post(SAID),
        post("a photo https://pix.example/flutes", hours=1),
        post("same photo https://pix.example/flutes", hours=2),
        post(f"{SAID} https://pix.example/flutes", hours=3),
        post("oh https://pix.example/flutes", hours=4),
        post(SAID + "!", hours=5),
    ]
    board = Board()
    placed = [board.place(one) for one in prints([(n, p, "en") for n, p in enumerate(posts)])]
    assert [one.story for one in placed] == [0, 1, 1, 0, 0, 0]
    assert placed[3].merged == (1,)
    assert {board.story(one.story) for one in placed} == {0}
    assert (placed[0].why, placed[2].why, placed[3].why) == ("", "the same link", "the same words")


def test_what_was_split_is_not_bridged_again() -> None:
    posts = post(SAID), post("a photo https://pix.example/f"), post(f"{SAID} https://pix.example/f", hours=1)
    board = Board(apart={frozenset((0, 1))})
    assert together(*posts, board=board) == [[0, 2], [1]]


def test_a_story_is_open_until_72_hours_after_its_last_post() -> None:
    assert together(post(SAID), post(SAID, hours=72)) == [[0, 1]]
    assert together(post(SAID), post(SAID, hours=73)) == [[0], [1]]
    assert together(post(SAID), post(SAID, hours=60), post(SAID, hours=120)) == [[0, 1, 2]]
    assert together(post(SAID), post(SAID, hours=3), board=Board(window=timedelta(hours=2))) == [[0], [1]]


def test_a_later_story_of_the_same_words_gathers_its_own_copies() -> None:
    assert together(post(SAID), post(SAID, hours=80), post(SAID + "!", hours=100)) == [[0], [1, 2]]


def test_the_title_speaks_where_the_text_has_too_few_words() -> None:
    one = replace(post("Photo"), title=SAID)
    assert together(one, post(SAID, hours=1)) == [[0, 1]]


def test_many_copies_cost_no_more_than_one() -> None:
    board = Board()
    placed = [board.place(one) for one in prints([(n, post(SAID, ident=f"p{n}"), "en") for n in range(500)])]
    assert {one.story for one in placed} == {0}
    assert [bool(one.bands) for one in placed[:3]] == [True, False, False]


@given(st.permutations(range(6)))
def test_which_posts_are_together_does_not_depend_on_their_order(order: list[int]) -> None:
    said = [
        SAID,
        SAID + " https://pix.example/f",
        "look https://pix.example/f",
        "Wonderful staff at the Dunmoor depot, they found my parcel behind a washing machine",
        "Wonderful staff at the Dunmoor depot, they found my parcel behind a washing mach…",
        "The Alderney night boat is the best thing since the invention of cheese",
    ]
    groups = together(*[post(said[n], ident=str(n), hours=place) for place, n in enumerate(order)])
    assert sorted(sorted(order[n] for n in group) for group in groups) == [[0, 1, 2], [3, 4], [5]]


def labelled() -> tuple[list[Mention], list[str]]:
    lines = LABELLED.read_bytes().splitlines()
    return [decode_line(line, NOW, "x") for line in lines], [json.loads(line)["story"] for line in lines]


def pairs(groups: Mapping[object, int]) -> int:
    return sum(count * (count - 1) // 2 for count in groups.values())


def test_the_labelled_posts_are_told_apart() -> None:
    mentions, truth = labelled()
    assert len(mentions) >= 300
    found = place_all(prints([(n, m, language_of(m, "unknown")) for n, m in enumerate(mentions)]), Board())
    got = [found[n] for n in range(len(mentions))]
    right = pairs(Counter(zip(got, truth, strict=True)))
    precision, recall = right / pairs(Counter(got)), right / pairs(Counter(truth))
    print(f"{len(mentions)} posts, {len(set(truth))} stories: precision {precision:.3f}, recall {recall:.3f}")
    assert precision >= 0.98
    assert recall >= 0.90


def test_the_labelled_posts_are_told_apart_in_any_order_of_equal_times() -> None:
    mentions, truth = labelled()
    shuffled = list(enumerate(replace(m, created_at=NOW) for m in mentions))
    random.Random(5).shuffle(shuffled)
    found = place_all(prints([(n, m, language_of(m, "unknown")) for n, m in shuffled]), Board())
    right = pairs(Counter((found[n], truth[n]) for n in found))
    assert right / pairs(Counter(truth)) >= 0.90
