"""Cases stay single when several processes triage the same conversations at the same instant."""

import multiprocessing
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Engine, text

from tests.triage.building import NOW, mention, one, policy, run, store
from tests.triage.racing import CONVERSATIONS, ROUNDS, items_of, same_author, work
from triage.cases import process


def test_two_processes_at_the_same_instant_open_one_case_a_conversation(
    database: Engine, database_url_of_test: str
) -> None:
    with database.begin() as connection:
        for share in (items_of, same_author):
            store(connection, [item for worker in (0, 1) for r in range(ROUNDS) for item in share(worker, r)])
    context = multiprocessing.get_context("spawn")
    together = context.Barrier(2)
    workers = [context.Process(target=work, args=(database_url_of_test, n, together)) for n in (0, 1)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0]

    with database.connect() as connection:
        cases = connection.execute(text("SELECT mention_count, severity FROM cases")).all()
        held = connection.scalar(text("SELECT count(*) FROM case_keys WHERE held"))
        mentions = connection.scalar(text("SELECT count(*) FROM case_mentions"))
    assert sorted(tuple(case) for case in cases) == sorted(
        [(2, "sev1")] * ROUNDS * CONVERSATIONS + [(20, "sev2")] * ROUNDS
    )
    assert mentions == ROUNDS * (2 * CONVERSATIONS + 20)
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


def _until_somebody_waits(database: Engine) -> None:
    with database.connect() as connection:
        while not connection.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
            connection.rollback()
