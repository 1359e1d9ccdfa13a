"""A worker in a process of its own that triages its share of the same conversations as another one."""

from multiprocessing.synchronize import Barrier

from leitstand.database import engine
from leitstand.model import Urgency
from tests.triage.building import NOW, mention, one, policy
from triage.cases import process
from triage.decide import Item

ROUNDS, CONVERSATIONS = 8, 10
CAMPAIGNS = (
    "Acme Cloud has been down since nine and our whole shop stands still, thanks for nothing",
    "The invoice from Acme Cloud counts every day of February twice and nobody there can add",
    "Bitte teilen: bei der Acme Cloud liegen offenbar Kundendaten offen im Netz, seit gestern Abend",
    "read this https://ferret.example/acme-files",
    "see for yourself https://pix.example/acme-cabinet",
)


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


def same_stories(worker: int, round_: int) -> list[Item]:
    """Posts of five stories by authors of their own: copies with edits and the same links, in opposite order.

    Each worker edits in its own way: no two of their copies are alike.
    """
    first = 20_000 + 100 * round_ + 10 * worker
    said = [f"{words} {'!!' if worker else 'indeed'} round{'abcdefgh'[round_] * 3}" for words in CAMPAIGNS]
    said = [words.replace("acme-", f"{round_}-acme-") if "http" in words else _marked(words, round_) for words in said]
    order = range(len(said)) if worker == 0 else reversed(range(len(said)))
    return [one(mention(first + n, words=said[n], minutes=place)) for place, n in enumerate(order)]


def _marked(words: str, round_: int) -> str:
    """Each round has stories of its own: they differ in a number."""
    return f"{words} ({round_ + 100})"


def work(url: str, worker: int, together: Barrier) -> None:
    """Triage this worker's share, each round at the same instant as the other worker's, which one that fails frees."""
    database, rules = engine(url), policy()
    try:
        for round_ in range(ROUNDS):
            for items in (items_of(worker, round_), same_author(worker, round_), same_stories(worker, round_)):
                together.wait()
                with database.begin() as connection:
                    process(connection, items, rules, NOW)
    except BaseException:
        together.abort()
        raise
    finally:
        database.dispose()
