"""An edited post is found by its new words, and what it alone knew of its story goes to another post of it."""

from dataclasses import replace

import pytest
from sqlalchemy import Engine, text

from leitstand.model import MatchedMention
from tests.triage.building import assessment, mention, one, policy, run
from triage import revising
from triage.stories import parting, renewal

OLD = "Acme Cloud has been down since nine and our whole shop stands still"
NEW = "The invoice from Acme Cloud counts every day of February twice this year"
POLICY = policy()


def story_of(database: Engine, post: int) -> int:
    with database.connect() as connection:
        return int(connection.scalar(text("SELECT story FROM story_posts WHERE mention_id = :id"), {"id": post}) or 0)


def edit(database: Engine, item: MatchedMention, words: str) -> None:
    """Give a stored post other words."""
    new = replace(item, mention=replace(item.mention, text=words))
    with database.begin() as connection:
        connection.execute(text("UPDATE mentions SET text = :text WHERE id = :id"), {"text": words, "id": item.id})
        revising.renew_story(connection, (new, assessment()), POLICY)


def test_a_copy_of_the_new_words_joins_and_one_of_the_old_words_does_not(database: Engine) -> None:
    run(database, [one(first := mention(1, words=OLD))])
    edit(database, first, NEW)
    run(database, [one(mention(2, words=NEW, minutes=1)), one(mention(3, words=OLD, minutes=2))])
    assert [story_of(database, n) for n in (1, 2, 3)] == [1, 1, 3]


def test_an_edited_copy_is_found_by_its_bands_too(database: Engine) -> None:
    run(database, [one(first := mention(1, words=OLD))])
    edit(database, first, NEW)
    run(database, [one(mention(2, words=f"{NEW}, really", minutes=1)), one(mention(3, words=f"{OLD}!!", minutes=2))])
    assert [story_of(database, n) for n in (1, 2, 3)] == [1, 1, 3]


def stories(database: Engine, *posts: int) -> list[int]:
    return [story_of(database, post) for post in posts]


def test_what_others_say_in_the_old_words_stays_a_story_and_takes_another_number(database: Engine) -> None:
    """The second has the same words, so only the first was stored with what finds it."""
    run(database, [one(first := mention(1, words=OLD)), one(mention(2, words=OLD, minutes=1))])
    edit(database, first, NEW)
    assert stories(database, 1, 2) == [1, 2]
    run(database, [one(mention(3, words=OLD, minutes=2)), one(mention(4, words=f"{OLD}, really", minutes=3))])
    run(database, [one(mention(5, words=NEW, minutes=4))])
    assert stories(database, 1, 2, 3, 4, 5) == [1, 2, 2, 2, 1]
    with database.connect() as connection:
        assert [renewal.size(connection, post) for post in (1, 2)] == [2, 3]


def test_a_copy_that_tells_something_else_leaves_and_the_others_stay(database: Engine) -> None:
    posts = [mention(n, words=OLD, minutes=n) for n in (1, 2, 3)]
    run(database, [one(post) for post in posts])
    edit(database, posts[1], NEW)
    assert stories(database, 1, 2, 3) == [1, 2, 1]
    edit(database, posts[1], OLD)
    assert stories(database, 1, 2, 3) == [1, 1, 1]


@pytest.mark.parametrize("tie", ["a repost", "a link", "a few words"])
def test_what_still_ties_a_post_to_its_story_keeps_it_there(database: Engine, tie: str) -> None:
    link = "https://news.example/acme/outage" if tie == "a link" else ""
    first = mention(1, words=f"{OLD} {link}")
    second = mention(2, words=f"{OLD} {link}", minutes=1)
    if tie == "a repost":
        second = replace(second, mention=replace(second.mention, kind="repost", parent_id="post1"))
    run(database, [one(first), one(second)])
    assert stories(database, 1, 2) == [1, 1]
    edit(database, first, f"{OLD}, still" if tie == "a few words" else f"{NEW} {link}")
    assert stories(database, 1, 2) == [1, 1]


def test_a_post_that_ties_two_stories_by_an_edit_makes_them_one(database: Engine) -> None:
    link = "https://news.example/acme/outage"
    run(database, [one(first := mention(1, words=OLD)), one(mention(2, words=OLD, minutes=1))])
    run(database, [one(mention(3, words=f"{NEW} {link}", minutes=2)), one(mention(4, words=NEW, minutes=3))])
    assert stories(database, 1, 2, 3, 4) == [1, 1, 3, 3]
    edit(database, first, f"{OLD} {link}")
    assert stories(database, 1, 2, 3, 4) == [1, 1, 1, 1]


def test_what_a_person_has_told_apart_stays_apart(database: Engine) -> None:
    posts = [mention(n, words=OLD, minutes=n) for n in (1, 2, 3)]
    run(database, [one(post) for post in posts])
    with database.begin() as connection:
        parting.split(connection, [1])
    assert stories(database, 1, 2, 3) == [1, 2, 2]
    edit(database, posts[0], f"{OLD}, still")
    assert stories(database, 1, 2, 3) == [1, 2, 2]
    edit(database, posts[0], NEW)
    edit(database, posts[0], OLD)
    assert stories(database, 1, 2, 3) == [1, 2, 2]


def test_renewing_twice_or_what_was_not_changed_changes_nothing(database: Engine) -> None:
    run(database, [one(first := mention(1, words=OLD)), one(mention(2, words=NEW, minutes=1))])

    def marks() -> list[tuple[object, ...]]:
        with database.connect() as connection:
            keys = connection.execute(text("SELECT key, mention_id FROM story_keys ORDER BY 1")).all()
            bands = connection.execute(text("SELECT band, mention_id FROM story_bands ORDER BY 1, 2")).all()
        return [tuple(row) for row in (*keys, *bands)]

    before = marks()
    edit(database, first, OLD)
    assert marks() == before
    edit(database, first, NEW)
    after = marks()
    edit(database, first, NEW)
    assert marks() == after != before


def test_who_tells_what_another_story_tells_joins_it(database: Engine) -> None:
    run(database, [one(first := mention(1, words=OLD)), one(mention(2, words=NEW, minutes=1))])
    edit(database, first, NEW)
    run(database, [one(mention(3, words=NEW, minutes=2))])
    assert stories(database, 1, 2, 3) == [2, 2, 2]
    edit(database, first, NEW)
    assert stories(database, 1, 2, 3) == [2, 2, 2]


def test_too_few_words_leave_nothing_to_be_found_by_but_the_post_itself(database: Engine) -> None:
    run(database, [one(first := mention(1, words=OLD))])
    edit(database, first, "oh")
    with database.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM story_keys WHERE mention_id = 1")) == 1
        assert connection.scalar(text("SELECT count(*) FROM story_bands WHERE mention_id = 1")) == 0


def test_a_post_that_is_in_no_story_is_left_alone(database: Engine) -> None:
    own = mention(1, words=OLD, own=True)
    run(database, [one(own)])
    edit(database, own, NEW)
    assert story_of(database, 1) == 0
