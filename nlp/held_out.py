"""What the folds of a training said of posts they had not seen, as answers that `nlp.evaluation` can measure."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from leitstand.model import Assessment, Sentiment, Urgency
from nlp.calibration import Calibration, sigmoid
from nlp.evaluation import Judged
from nlp.labels import Labelled
from nlp.network import INTENTS, SENTIMENT, URGENCY
from nlp.verdict import FEELINGS, Verdict, intents_of

Floats = NDArray[np.float32]


def judged(
    posts: Sequence[Labelled], languages: Sequence[str], scores: Floats, how: Calibration, model: str
) -> list[Judged]:
    """One answer per post, by a row of `scores` each."""
    leaned = how.leaned(scores[:, SENTIMENT], languages)
    feelings, levels, chances = how.sentiment(leaned), how.urgency(scores[:, URGENCY]), sigmoid(scores[:, INTENTS])
    urgent, intents = how.levels(levels), intents_of(chances, how)
    found = []
    for place, (post, language) in enumerate(zip(posts, languages, strict=True)):
        felt = int(feelings[place].argmax())
        sure = float(feelings[place].max())
        sentiment = FEELINGS[felt] if sure >= how.unknown else Sentiment.UNKNOWN
        level = Urgency(int(urgent[place]))
        verdict = Verdict(
            sentiment,
            0.0,
            level,
            intents[place],
            sure,
            feelings=feelings[place].tolist(),
            levels=levels[place].tolist(),
            chances=chances[place].tolist(),
        )
        said = Assessment(language, sentiment, 0.0, level, intents[place], level >= Urgency.NORMAL, (), model, sure)
        found.append(Judged(post, said, verdict))
    return found
