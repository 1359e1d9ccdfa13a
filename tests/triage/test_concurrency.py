"""Cases stay single when several processes triage the same conversations at the same instant."""

import multiprocessing
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, text

from leitstand.likeness.signature import BANDS
from leitstand.model import Urgency
from tests.triage.building import NOW, mention, one, policy, run, store
from tests.triage.racing import CAMPAIGNS, CONVERSATIONS, ROUNDS, items_of, same_author, same_stories, work
from triage.actions import act
from triage.cases import process

_LOOKED_UP = text("""
    SELECT pg_stat_get_xact_numscans(CAST('story_bands' AS regclass))
      + pg_stat_get_xact_numscans(CAST('story_bands_band' AS regclass))
""")


def test_two_processes_at_the_same_instant_open_one_case_a_conversation_and_a_story(
    database: Engine, database_url_of_test: str
) -> None:
    with database.begin() as connection:
        for share in (items_of, same_author, same_stories):
            store(connection, [item for worker in (0, 1) for r in range(ROUNDS) for item in share(worker, r)])
    context = multiprocessing.get_context("spawn")
    together = context.Barrier(2)
    workers = [context.Process(target=work, args=(database_url_of_test, n, together)) for n in (0, 1)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]

    with database.connect() as connection:
        cases = connection.execute(text("SELECT mention_count, severity FROM cases")).all()
        held = connection.scalar(text("SELECT count(*) FROM case_keys WHERE held"))
        mentions = connection.scalar(text("SELECT count(*) FROM case_mentions"))
        stories = connection.scalar(text("SELECT count(DISTINCT story) FROM story_posts WHERE mention_id >= 20000"))
    assert sorted(tuple(case) for case in cases) == sorted(
        [(2, "sev1")] * ROUNDS * CONVERSATIONS + [(20, "sev2")] * ROUNDS + [(2, "sev2")] * ROUNDS * len(CAMPAIGNS)
    )
    assert mentions == ROUNDS * (2 * CONVERSATIONS + 20 + 2 * len(CAMPAIGNS))
    assert stories == ROUNDS * len(CAMPAIGNS)
    assert held


def test_who_comes_second_waits_and_then_joins(database: Engine) -> None:
    first, second = one(mention(1, root="root")), one(mention(2, root="root", minutes=1))
    with database.begin() as connection:
        store(connection, [first])
    with ThreadPoolExecutor(1) as pool:
        with database.begin() as connection:
            (opened,) = process(connection, [first], policy(), NOW).opened
            late = pool.submit(run, database, [second])
            _until_somebody_waits(database)
            assert not late.done()
        outcome = late.result(30)
    assert (outcome.opened, outcome.joined) == ((), 1)
    with database.connect() as connection:
        assert connection.execute(text("SELECT number, mention_count FROM cases")).all() == [(opened.number, 2)]


@pytest.mark.parametrize("told", [True, False], ids=["told", "untold"])
def test_who_comes_second_with_an_edited_copy_begins_again_and_joins(database: Engine, told: bool) -> None:
    """The two share no key: only the last look before the commit shows the second one what the first has written; also
    where the first has not left word of its bands."""
    said = "Acme Cloud has been down since nine and our whole shop stands still"
    first, second = one(mention(1, words=said)), one(mention(2, words=f"{said}, great", minutes=1))
    with database.begin() as connection:
        store(connection, [first])
    with ThreadPoolExecutor(1) as pool:
        with database.begin() as connection:
            process(connection, [first], policy(), NOW)
            if not told:
                connection.execute(text("DELETE FROM story_news"))
            late = pool.submit(run, database, [second])
            _until_somebody_waits(database)
            assert not late.done()
        outcome = late.result(30)
    assert (outcome.opened, outcome.joined) == ((), 1)
    with database.connect() as connection:
        assert connection.execute(text("SELECT number, mention_count FROM cases")).all() == [(1, 2)]


def test_who_is_overtaken_by_what_is_no_copy_looks_for_copies_once(database: Engine) -> None:
    earlier = one(mention(1, words="Who else waits for the number nine tram at the harbour"))
    first = one(mention(2, words="The barista at the corner sings all day long"))
    second = one(mention(3, words="Acme Cloud has been down since nine in our shop"))
    run(database, [earlier])
    with database.begin() as connection:
        store(connection, [first, second])

    def looks() -> int:
        with database.begin() as connection:
            assert len(process(connection, [second], policy(), NOW).opened) == 1
            return int(connection.execute(_LOOKED_UP).scalar_one())

    with ThreadPoolExecutor(1) as pool:
        with database.begin() as connection:
            process(connection, [first], policy(), NOW)
            late = pool.submit(looks)
            _until_somebody_waits(database)
        assert late.result(30) == BANDS + 2  # by its beginning, too: that of cut texts and that of whole ones


def test_who_joins_a_story_that_is_merged_meanwhile_joins_what_it_has_become(database: Engine) -> None:
    said, link = "Acme Cloud has been down since nine and our whole shop stands still", "https://ferret.example/a"
    run(database, [one(mention(1, words=said)), one(mention(2, words=f"see {link}", minutes=1))])
    bridge = one(mention(3, words=f"{said} {link}", minutes=2))
    with database.begin() as connection:
        store(connection, [bridge])
    with ThreadPoolExecutor(1) as pool:
        with database.begin() as connection:
            process(connection, [bridge], policy(), NOW)
            late = pool.submit(run, database, [one(mention(4, words=f"oh {link}", minutes=3), Urgency.NONE)])
            _until_somebody_waits(database)
        assert late.result(30).joined == 1
    with database.connect() as connection:
        assert connection.scalars(text("SELECT DISTINCT story FROM story_posts")).all() == [1]
        assert connection.scalars(text("SELECT DISTINCT case_number FROM case_mentions")).all() == [1]


@pytest.mark.parametrize("by", ["an answer", "a person"])
def test_who_opens_a_case_again_leaves_another_what_it_has_just_taken(database: Engine, by: str) -> None:
    said = "Acme Cloud has been down since nine and our whole shop stands still"
    (over,) = run(database, [one(mention(1, words=said))]).opened
    with database.begin() as connection:
        act(connection, over.number, "resolve", actor="eve", now=NOW, policy=policy())
    copy = one(mention(2, words=said, minutes=1))
    with database.begin() as connection:
        store(connection, [copy])

    def again() -> None:
        if by == "an answer":
            assert run(database, [one(mention(3, parent="post1", minutes=2))]).joined == 1
            return
        with database.begin() as connection:
            act(connection, over.number, "reopen", actor="eve", now=NOW, policy=policy())

    with ThreadPoolExecutor(1) as pool:
        with database.begin() as connection:
            (new,) = process(connection, [copy], policy(), NOW).opened
            late = pool.submit(again)
            _until_somebody_waits(database)
        late.result(30)
    with database.connect() as connection:
        held = {row.key: row.case_number for row in connection.execute(text("SELECT * FROM case_keys WHERE held"))}
        states = connection.execute(text("SELECT number, state FROM cases ORDER BY number")).all()
    assert (held["s:1"], held["c:x:post1"]) == (new.number, over.number)
    assert [tuple(row) for row in states] == [(over.number, "open"), (new.number, "new")]


def _until_somebody_waits(database: Engine) -> None:
    with database.connect() as connection:
        while not connection.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
            connection.rollback()
