"""decide() against a naive reference, and the points of meaning one by one."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from leitstand.model import Intent, Urgency
from tests.triage.building import NOW, mention, one, policy
from triage.decide import Decision, Ended, Held, Item, Move, decide
from triage.policy import Policy

POLICY = policy()
NOBODY: dict[str, Held] = {}


def moves(items: list[Item], rules: Policy = POLICY) -> list[tuple[int, Move, int]]:
    return [(d.item.id, d.move, d.case) for d in decide(items, NOBODY, rules)]


def test_a_reply_to_a_reply_joins_where_the_root_was_never_seen() -> None:
    items = [one(mention(1, parent="unseen")), one(mention(2, parent="post1", minutes=1))]
    assert moves(items) == [(1, Move.OPEN, -1), (2, Move.JOIN, -1)]


def test_two_replies_to_the_same_unknown_root_are_one_conversation() -> None:
    items = [one(mention(1, root="root")), one(mention(2, root="root", minutes=1))]
    assert moves(items) == [(1, Move.OPEN, -1), (2, Move.JOIN, -1)]


def test_the_conversation_comes_before_the_author() -> None:
    items = [
        one(mention(1, author="ann")),
        one(mention(2, author="bob", minutes=1)),
        one(mention(3, author="ann", parent="post2", minutes=2)),
    ]
    assert moves(items)[2] == (3, Move.JOIN, -2)


def test_any_shared_watchlist_groups_an_author() -> None:
    items = [
        one(mention(1, author="ann", watchlists=("cloud",))),
        one(mention(2, author="ann", watchlists=("brand",), minutes=1)),
        one(mention(3, author="ann", watchlists=("cloud", "brand"), minutes=2)),
    ]
    assert moves(items) == [(1, Move.OPEN, -1), (2, Move.OPEN, -2), (3, Move.JOIN, -1)]


def test_who_answers_in_a_conversation_does_not_bring_their_other_posts_into_it() -> None:
    items = [
        one(mention(1, author="ann")),
        one(mention(2, author="bob", parent="post1", minutes=1)),
        one(mention(3, author="bob", minutes=2)),
    ]
    assert moves(items)[1:] == [(2, Move.JOIN, -1), (3, Move.OPEN, -2)]


def test_the_same_id_on_another_channel_is_another_conversation() -> None:
    items = [one(mention(1, root="7")), one(mention(2, root="7", channel="mastodon"))]
    assert [case for _, _, case in moves(items)] == [-1, -2]


def test_own_posts_open_nothing() -> None:
    assert moves([one(mention(1, own=True), Urgency.CRITICAL)]) == [(1, Move.IGNORE, 0)]


def test_spam_and_calm_posts_open_nothing_unless_a_rule_says_so() -> None:
    items = [one(mention(1), Urgency.CRITICAL, Intent.SPAM), one(mention(2), Urgency.NONE, Intent.PRAISE)]
    assert [move for _, move, _ in moves(items)] == [Move.IGNORE, Move.IGNORE]
    rules = policy(rules=[{"name": "praise", "when": {"intents": ["praise"]}, "then": {"case": "open"}}])
    assert [move for _, move, _ in moves(items, rules)] == [Move.IGNORE, Move.OPEN]


def test_what_a_rule_ignores_does_not_join_either() -> None:
    rules = policy(rules=[{"name": "bots", "when": {"authors": ["@BOT"]}, "then": {"case": "ignore"}}])
    items = [one(mention(1)), one(mention(2, author="bot", parent="post1", minutes=1)), one(mention(3, author="bot"))]
    decisions = {d.item.id: d for d in decide(items, NOBODY, rules)}
    assert (decisions[2].move, decisions[2].case) == (Move.SKIP, -1)
    assert decisions[2].judgement.ignored == "rule “bots”"
    assert decisions[3].move is Move.IGNORE


def test_a_watchlist_does_not_want_other_languages() -> None:
    (decision,) = decide([one(mention(1, watchlists=("jobs",)))], NOBODY, POLICY)
    assert decision.move is Move.IGNORE
    assert decision.judgement.ignored == "no watchlist that it matched wants the language en"


def test_a_new_case_names_the_one_before_it() -> None:
    (decision,) = decide([one(mention(1, parent="old"))], NOBODY, POLICY, {"c:x:old": Ended(7)})
    assert (decision.move, decision.earlier) == (Move.OPEN, 7)


def test_mentions_are_taken_in_the_order_in_which_they_were_written() -> None:
    items = [one(mention(2, parent="post1", minutes=5), Urgency.NONE), one(mention(1))]
    assert moves(items) == [(1, Move.OPEN, -1), (2, Move.JOIN, -1)]


# --- the naive reference -------------------------------------------------------------------------------------------

mentions = st.builds(
    lambda author, root, parent, minutes, watchlists, own, urgency: (
        {"author": author, "root": root, "parent": parent, "minutes": minutes, "watchlists": watchlists, "own": own},
        urgency,
    ),
    st.sampled_from(["ann", "bob", "acme"]),
    st.sampled_from(["", "", "r1", "r2"]),
    st.sampled_from(["", "", "post1", "post2", "post3", "r1"]),
    st.integers(0, 60 * 30),
    st.sampled_from([("cloud",), ("brand",), ("cloud", "brand")]),
    st.sampled_from([False, False, False, True]),
    st.sampled_from(list(Urgency)),
)


def naive(items: list[Item], window: timedelta) -> list[tuple[int, Move, int]]:
    """The same meaning, said slowly: look through all mentions before this one."""
    cases: list[dict[str, object]] = []
    owner_of: dict[tuple[str, ...], tuple[int, object]] = {}
    result = []
    for item, assessed in sorted(items, key=lambda i: (i[0].mention.created_at, i[0].id)):
        m = item.mention
        ids = [("c", i) for i in dict.fromkeys([m.conversation_id, m.parent_id, m.external_id]) if i]
        topics = [] if item.own else [("a", m.author.id, w) for w in item.watchlists]
        case = next((owner_of[i][0] for i in ids if i in owner_of), 0)
        if item.own:
            move = Move.ANSWER if case else Move.IGNORE
        else:
            fresh = [t for t in topics if t in owner_of and m.created_at - owner_of[t][1] <= window]  # type: ignore[operator]
            case = case or next((owner_of[t][0] for t in fresh), 0)
            move = Move.JOIN if case else Move.OPEN if assessed.urgency else Move.IGNORE
            if move is Move.OPEN:
                cases.append({"author": m.author.id})
                case = -len(cases)
        if move is not Move.IGNORE:
            topics = topics if cases[-case - 1]["author"] == m.author.id else []
            for key in [*ids, *topics]:
                old = owner_of.get(key)
                stale = old is not None and key[0] == "a" and m.created_at - old[1] > window  # type: ignore[operator]
                if old is None or old[0] == case or stale:
                    owner_of[key] = (case, m.created_at)
        result.append((item.id, move, case))
    return result


@given(st.lists(mentions, max_size=12))
def test_decide_equals_the_naive_reference(drawn: list[tuple[dict[str, object], Urgency]]) -> None:
    items = [one(mention(n, **given_), urgency) for n, (given_, urgency) in enumerate(drawn, 1)]  # type: ignore[arg-type]
    assert moves(items) == naive(items, POLICY.triage.author_window)


@given(st.lists(mentions, max_size=12), st.integers(0, 12))
def test_a_batch_cut_in_two_gives_the_same_cases(drawn: list[tuple[dict[str, object], Urgency]], cut: int) -> None:
    items = [one(mention(n, **given_), urgency) for n, (given_, urgency) in enumerate(drawn, 1)]  # type: ignore[arg-type]
    items.sort(key=lambda i: (i[0].mention.created_at, i[0].id))
    first = decide(items[:cut], NOBODY, POLICY)
    opened = sum(d.move is Move.OPEN for d in first)
    second = decide(items[cut:], _held(first), POLICY)
    got = [(d.item.id, d.move, d.case) for d in first]
    got += [(d.item.id, d.move, d.case - opened if d.case < 0 else -d.case) for d in second]
    assert got == moves(items)


def _held(decisions: list[Decision]) -> dict[str, Held]:
    """The keys as the database would give them back; the cases' numbers are positive there."""
    held: dict[str, Held] = {}
    owners: dict[int, str] = {}
    for d in decisions:
        owners.setdefault(d.case, f"x:{d.item.mention.author.id}")
        for key in (*d.takes, *d.touches):
            held[key] = Held(-d.case, owners[d.case], d.item.mention.created_at)
    return held


def test_the_window_is_measured_from_the_last_post() -> None:
    hours = [one(mention(n, author="ann", minutes=60 * 20 * n)) for n in range(1, 5)]
    assert [move for _, move, _ in moves(hours)] == [Move.OPEN, Move.JOIN, Move.JOIN, Move.JOIN]
    assert hours[0][0].mention.created_at > NOW
