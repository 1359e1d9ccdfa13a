"""A worker in a process of its own that triages its share of the same conversations as another one."""

from multiprocessing.synchronize import Barrier

from leitstand.database import engine
from leitstand.model import Urgency
from tests.triage.building import NOW, mention, one, policy
from triage.cases import process
from triage.decide import Item

ROUNDS, CONVERSATIONS = 8, 10


def items_of(worker: int, round_: int) -> list[Item]:
    """One reply a conversation; the two workers go through the conversations in opposite order."""
    numbers = range(CONVERSATIONS) if worker == 0 else reversed(range(CONVERSATIONS))
    return [
        one(
            mention(
                1 + worker + 2 * (n + CONVERSATIONS * round_), root=f"root{round_}-{n}", minutes=position,
                watchlists=("cloud",),
            ),
            Urgency.CRITICAL if worker else Urgency.NORMAL,
        )
        for position, n in enumerate(numbers)
    ]  # fmt: skip


def same_author(worker: int, round_: int) -> list[Item]:
    """Ten posts of the same author, a round; nothing but the author joins them."""
    first = 10_000 + 100 * round_ + 10 * worker
    return [one(mention(n, author=f"loud{round_}")) for n in range(first, first + 10)]


def work(url: str, worker: int, together: Barrier) -> None:
    """Triage this worker's share, each round at the same instant as the other worker's."""
    database, rules = engine(url), policy()
    for round_ in range(ROUNDS):
        for items in (items_of(worker, round_), same_author(worker, round_)):
            together.wait()
            with database.begin() as connection:
                process(connection, items, rules, NOW)
    database.dispose()
