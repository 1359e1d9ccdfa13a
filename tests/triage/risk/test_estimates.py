"""Early warning: each sign raises the risk, with its reason; the riskiest come first."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text

from leitstand.model import Risk, Severity, Urgency
from tests.triage.building import NOW, mention, one, policy, run
from triage import clocks, views
from triage.actions import act
from triage.risk import estimates
from triage.risk.signs import NO_SIGNS, Signs, assess

POLICY = policy()
MINUTE = timedelta(minutes=1)


def of(signs: Signs = NO_SIGNS, severity: Severity = Severity.SEV3) -> Risk:
    return assess(severity, (), signs, POLICY.triage.reach_high, NOW)


def test_nothing_speaks_for_a_mild_new_case() -> None:
    assert of().score == 0 and of().reasons == ()


def test_each_sign_raises_it_and_says_so() -> None:
    signs = {
        "cases of the same author before": of(Signs(earlier=2)),
        "the author has written": of(Signs(moods=(-0.1, -0.1, -0.1))),
        "sentiment falls from +0.2 to -0.8": of(Signs(moods=(0.2, -0.8))),
        "posts within the last hour": of(Signs(lately=20, posts=25)),
        "481,200 followers": of(Signs(followers=481_200)),
        "it is sev1": of(severity=Severity.SEV1),
    }
    for words, found in signs.items():
        assert found.score > 0 and any(words in reason for reason in found.reasons), words


@given(
    st.lists(st.floats(-1, 1), max_size=8), st.integers(0, 50), st.integers(0, 5000), st.integers(0, 10**8),
    st.sampled_from(Severity),
)  # fmt: skip
def test_it_stays_between_nothing_and_one(
    moods: list[float], earlier: int, lately: int, followers: int, severity: Severity
) -> None:
    found = of(Signs(followers, tuple(moods), earlier, lately, lately + 1), severity)
    assert 0 <= found.score < 1 and len(found.reasons) <= 7
    more = of(Signs(followers, tuple(moods), earlier + 1, lately, lately + 1), severity)
    assert more.score >= found.score


def test_a_deadline_that_nears_raises_it(database: Engine) -> None:
    number = run(database, [one(mention(1), Urgency.HIGH)]).opened[0].number
    with database.begin() as connection:
        running = clocks.read(connection, [number])[number].values()
        due = min(clock.due_at for clock in running)
        scores = [_estimated(connection, number, NOW + share * (due - NOW)) for share in (0.2, 0.6, 0.9, 1.5)]
        assert scores == sorted(scores) and scores[0] < scores[1] < scores[2]


def test_a_clock_that_does_not_run_raises_nothing(database: Engine) -> None:
    number = run(database, [one(mention(1), Urgency.HIGH)]).opened[0].number
    with database.begin() as connection:
        due = max(clock.due_at for clock in clocks.read(connection, [number])[number].values())
        late = _estimated(connection, number, due)
        act(connection, number, "pause", actor="eve", now=NOW, policy=POLICY)
        assert _estimated(connection, number, due) < late
        connection.execute(text("UPDATE sla_clocks SET state = 'breached', ended_at = :now"), {"now": NOW})
        assert _estimated(connection, number, due) < late, "it was answered, if late"


def _estimated(connection: Connection, number: int, now: datetime) -> float:
    connection.execute(text("DELETE FROM case_risks"))
    estimates.refresh(connection, POLICY, now)
    return estimates.read(connection, [number])[number].score


def test_it_is_kept_for_cases_that_change_and_the_riskiest_come_first(database: Engine) -> None:
    mild, wild = (
        run(database, [one(mention(n, followers=followers))], at=NOW).opened[0].number
        for n, followers in ((1, 10), (2, 90_000))
    )
    with database.begin() as connection:
        assert estimates.refresh(connection, POLICY, NOW) == 2
        assert estimates.refresh(connection, POLICY, NOW + MINUTE) == 0, "nothing has changed"
        shown = views.riskiest(connection, POLICY, NOW)
        assert [case.number for case in shown] == [wild, mild]
        assert [case.number for case in views.most_urgent(connection, POLICY, NOW)] == [wild, mild]
        told = views.load_case(connection, wild, POLICY, NOW).case.risk
        assert told is not None and told.reasons and told == shown[0].risk
        connection.execute(text("UPDATE cases SET updated_at = :at WHERE number = 1"), {"at": NOW + MINUTE})
        assert estimates.refresh(connection, POLICY, NOW + 2 * MINUTE) == 1


def test_what_the_author_says_next_and_said_before_is_counted(database: Engine) -> None:
    first = run(database, [one(mention(1, author="ann", minutes=-3000))], at=NOW - 3000 * MINUTE).opened[0].number
    ben = run(database, [one(mention(9, author="ben", minutes=-2900))], at=NOW - 2900 * MINUTE).opened[0].number
    with database.begin() as connection:
        act(connection, ben, "close", actor="eve", now=NOW - 2800 * MINUTE, policy=POLICY)
    second = run(database, [one(mention(2, author="ann"))]).opened[0].number
    run(database, [one(mention(3, author="ann", parent="post2", minutes=1))], at=NOW + MINUTE)
    with database.begin() as connection:
        estimates.refresh(connection, POLICY, NOW + 2 * MINUTE)
        found = estimates.read(connection, [first, second])
    assert first != second and not any("before" in reason for reason in found[first].reasons)
    assert any("1 cases of the same author before" in reason for reason in found[second].reasons)
    assert any("written 1 times more" in reason for reason in found[second].reasons)
