"""The questions a site's model answers, as numbers: what is wanted, how scores are calibrated, how good they are."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from leitstand.model import Intent, Sentiment
from nlp import calibration
from nlp.calibration import Calibration, Marks
from nlp.labels import Labelled
from nlp.network import INTENTS, SENTIMENT, URGENCY
from nlp.verdict import FEELINGS

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

COLUMNS = {
    "sentiment": np.arange(SENTIMENT.start, SENTIMENT.stop),
    "urgency": np.arange(URGENCY.start, URGENCY.stop),
    "intents": np.arange(INTENTS.start, INTENTS.stop),
}
_LEANS = tuple(step / 5 for step in range(-10, 11))
MAIN = ("sentiment accuracy", "urgency high F1", "intents micro-F1")
_BY_CHANCE = 0.003
_OFTEN, _RARE = 1 / 6, 1.0  # how much the recall of every class counts beside right answers


def asked(question: str, posts: Sequence[Labelled]) -> Ints:
    """Which posts have an answer to a question, shuffled the same way every time."""
    there = [place for place, post in enumerate(posts) if answer(question, post) is not None]
    return np.random.default_rng(7).permutation(np.asarray(there, dtype=np.int64))


def wanted(question: str, posts: Sequence[Labelled]) -> Floats:
    """The answers of the posts that `asked` names, in its order."""
    return np.asarray([answer(question, posts[place]) for place in asked(question, posts)], dtype=np.float32)


def answer(question: str, post: Labelled) -> Sequence[float] | None:
    """The wanted answers as numbers; None where the label says nothing that a model can learn."""
    label = post.label
    if question == "sentiment":
        if label.sentiment is None or label.sentiment is Sentiment.UNKNOWN:
            return None
        return [float(label.sentiment is feeling) for feeling in FEELINGS]
    if question == "urgency":
        return None if label.urgency is None else [float(label.urgency == level) for level in range(4)]
    return None if label.intents is None else [float(intent in label.intents) for intent in Intent]


def calibrate(
    base: Calibration, questions: Sequence[str], posts: Sequence[Labelled], scores: Floats, balanced: bool = False
) -> Calibration:
    """Temperatures and cutoffs for some questions, from scores of posts that were held out.

    `balanced` finds the rare feelings as surely as the common ones, where else most answers are to be right.
    """
    for question in questions:
        own = scores[np.ix_(asked(question, posts), COLUMNS[question])]
        base = _CALIBRATED[question](base, own, wanted(question, posts))
        if question == "sentiment":
            base = replace(base, lean=_lean(own, wanted(question, posts).argmax(axis=1), _RARE if balanced else _OFTEN))
    return base


def figures(
    questions: Sequence[str],
    posts: Sequence[Labelled],
    scores: Floats,
    how: Calibration,
    addressed: Marks | None = None,
) -> dict[str, float]:
    """How good scores are, read with a calibration: by question, a few figures each.

    `addressed`: which posts begin by naming an account, for which the shipped model has a cutoff of its own.
    """
    found: dict[str, float] = {}
    for question in questions:
        rows = asked(question, posts)
        own, truth = scores[np.ix_(rows, COLUMNS[question])], wanted(question, posts)
        if question == "urgency" and addressed is not None:
            told = _urgency(own, truth, how, addressed[rows])
        else:
            told = _MEASURED[question](own, truth, how)
        found |= {f"{question} {name}": round(value, 4) for name, value in told.items()}
    return found


def is_worse(new: Mapping[str, float], old: Mapping[str, float]) -> bool:
    """Over the questions that both were measured on, the new figures are lower by more than chance would have it."""
    shared = [name for name in MAIN if name in new and name in old]
    return bool(shared) and sum(new[name] - old[name] for name in shared) / len(shared) < -_BY_CHANCE


def _fit_sentiment(base: Calibration, scores: Floats, truth: Floats) -> Calibration:
    classes = truth.argmax(axis=1)
    warmth = calibration.temperature(scores, classes)
    return replace(base, sentiment_temperature=warmth, leans={})


def _fit_urgency(base: Calibration, scores: Floats, truth: Floats) -> Calibration:
    classes = truth.argmax(axis=1)
    warmth = calibration.temperature(scores, classes)
    chances = calibration.softmax(scores / np.float32(warmth))
    reply, high, critical = (
        calibration.best_cutoff(chances[:, least:].sum(axis=1), classes >= least) for least in (1, 2, 3)
    )
    plain = replace(base, urgency_temperature=warmth, addressed=None)
    return replace(plain, reply=reply, high=high, critical=critical)


def _fit_intents(base: Calibration, scores: Floats, truth: Floats) -> Calibration:
    chances = calibration.sigmoid(scores)
    cutoffs = [calibration.best_cutoff(chances[:, place], truth[:, place] > 0) for place in range(len(Intent))]
    return replace(base, intents=dict(zip([intent.value for intent in Intent], cutoffs, strict=True)))


_CALIBRATED = {"sentiment": _fit_sentiment, "urgency": _fit_urgency, "intents": _fit_intents}


def _lean(scores: Floats, truth: Ints, recall: float) -> tuple[float, float, float]:
    """The lean with the best balance of right answers and, by the share `recall`, of every class's recall."""
    tried = [(low, 0.0, high) for low in _LEANS for high in _LEANS]
    return max(
        tried,
        key=lambda lean: (_balance(scores + np.asarray(lean, dtype=np.float32), truth, recall), -sum(map(abs, lean))),
    )


def _balance(scores: Floats, truth: Ints, recall: float) -> float:
    right = scores.argmax(axis=1) == truth
    recalls = [right[truth == one].mean() for one in np.unique(truth)]
    return float((1 - recall) * right.mean() + recall * np.mean(recalls))


def _sentiment(scores: Floats, truth: Floats, how: Calibration) -> dict[str, float]:
    chances, classes = how.sentiment(scores), truth.argmax(axis=1)
    right = chances.argmax(axis=1) == classes
    present = np.flatnonzero(truth.sum(axis=0) > 0)
    return {
        "accuracy": float(right.mean()),
        "macro-F1": float(_f1(np.eye(truth.shape[1])[chances.argmax(axis=1)], truth)[present].mean()),
        "macro-recall": float(np.mean([right[classes == one].mean() for one in present])),
        "calibration error": calibration.reliability(chances, classes).ece,
    }


def _urgency(scores: Floats, truth: Floats, how: Calibration, addressed: Marks | None = None) -> dict[str, float]:
    chances, classes = how.urgency(scores), truth.argmax(axis=1)
    levels = how.levels(chances, addressed)
    names = {"reply F1": 1, "high F1": 2, "critical F1": 3}
    told = {name: float(_f1((levels >= one)[:, None], (classes >= one)[:, None])[0]) for name, one in names.items()}
    return {"accuracy": float((levels == classes).mean()), **told}


def _intents(scores: Floats, truth: Floats, how: Calibration) -> dict[str, float]:
    cutoffs = np.asarray([how.cutoff(intent) for intent in Intent], dtype=np.float32)
    given = calibration.sigmoid(scores) >= cutoffs
    return {"micro-F1": float(_f1(given.reshape(-1, 1), truth.reshape(-1, 1))[0])}


def _f1(given: NDArray[np.generic], truth: NDArray[np.generic]) -> NDArray[np.float64]:
    both = (given.astype(bool) & truth.astype(bool)).sum(axis=0)
    return np.asarray(2.0 * both / np.maximum(given.astype(bool).sum(axis=0) + truth.astype(bool).sum(axis=0), 1))


_MEASURED = {"sentiment": _sentiment, "urgency": _urgency, "intents": _intents}
