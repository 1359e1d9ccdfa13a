"""The teachers: encoders that learn from the labelled posts, and then say what they think of any text."""

# torch is needed to rebuild the weights only, and is no dependency of ours.
# mypy: ignore-errors
# ruff: noqa: N812

import math
import sys
import time
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from leitstand.model import Intent
from nlp.calibration import softmax
from nlp.network import INTENTS, SENTIMENT, URGENCY
from nlp.training.encoder import REAL, Teacher, padded

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
_STARTED = time.time()
_AS_REAL = {"triage_labels": 1.0, "corpus": 0.25}  # what teaches how urgent real posts are, beside their own weight


def say(*words):
    sys.stderr.write(f"[{time.time() - _STARTED:.0f} s] {' '.join(map(str, words))}\n")


def judged(encoder, teachers, labelled, texts, epochs):
    """What an encoder's teachers say of texts in the mean, after each has learned from the labelled posts.

    Of one answer out of several the logarithms of the probabilities, so that teachers of two kinds can be mixed.
    """
    lessons = [example for example in labelled if example.language in encoder.languages]
    shown, asked = encoder.pieces([example.text for example in lessons]), encoder.pieces([text for text, _ in texts])
    told = [scores(encoder, taught(encoder, lessons, shown, *one, epochs), asked) for one in teachers]
    for one in told:
        for part in (SENTIMENT, URGENCY, REAL):
            one[:, part] = np.log(softmax(one[:, part]) + 1e-9)
    return np.mean(told, axis=0)


def taught(encoder, labelled, lessons, seed, rate, size, epochs):
    """A teacher that has learned from the labelled posts; `lessons` are their texts in pieces."""
    torch.manual_seed(seed)
    dice, teacher = np.random.default_rng(seed), Teacher(encoder.body()).to(DEVICE)
    truth = [torch.from_numpy(array).to(DEVICE) for array in _truth(labelled)]
    head = [value for name, value in teacher.named_parameters() if name.startswith("head")]
    body = [value for name, value in teacher.named_parameters() if not name.startswith("head")]
    best = torch.optim.AdamW([{"params": head, "lr": rate * 10}, {"params": body, "lr": rate}], weight_decay=0.01)
    steps = epochs * math.ceil(len(labelled) / size)
    pace = torch.optim.lr_scheduler.LambdaLR(best, lambda k: min(1, k / (0.1 * steps + 1)) * max(0, 1 - k / steps))
    teacher.train()
    for _ in range(epochs):
        for chosen in batches(np.array([len(own) for own in lessons]), size, dice):
            with torch.autocast(DEVICE, dtype=torch.bfloat16, enabled=DEVICE == "cuda"):
                found = teacher(*padded(encoder.pad, [lessons[place] for place in chosen], DEVICE))
            error = _error(found.float(), *[one[torch.from_numpy(chosen).to(DEVICE)] for one in truth])
            best.zero_grad()
            error.backward()
            nn.utils.clip_grad_norm_(teacher.parameters(), 1.0)
            best.step()
            pace.step()
    say("teacher", seed)
    return teacher


def _truth(labelled):
    intents, asked = np.zeros((len(labelled), len(Intent)), np.float32), np.zeros(len(labelled), np.float32)
    for row, example in enumerate(labelled):
        if example.intents is not None:
            intents[row, list(example.intents)], asked[row] = 1, 1
    moods, levels = np.array([(one.sentiment, one.urgency) for one in labelled]).T
    weight, real = np.array([(one.weight, _AS_REAL.get(one.origin, 0.0)) for one in labelled], np.float32).T
    return moods.copy(), levels.copy(), intents, asked, weight.copy(), real.copy()


def _error(scores, moods, levels, intents, asked, weight, real):
    entropy = partial(F.cross_entropy, reduction="none")
    mood = entropy(scores[:, SENTIMENT], moods.clamp(min=0), label_smoothing=0.05) * (moods >= 0)
    level, as_real = (
        entropy(scores[:, part], levels.clamp(min=0), label_smoothing=0.02) * (levels >= 0) for part in (URGENCY, REAL)
    )
    topic = F.binary_cross_entropy_with_logits(scores[:, INTENTS], intents, reduction="none").sum(1) * asked
    return ((mood + 1.5 * level + real * as_real + 0.3 * topic) * weight).mean()


def batches(lengths, size, dice):
    """Batches of texts of about the same length, in random order."""
    order = dice.permutation(len(lengths))
    heaps = np.array_split(order, max(1, len(order) // (size * 40)))
    order = np.concatenate([heap[np.argsort(lengths[heap], kind="stable")] for heap in heaps])
    found = [order[start : start + size] for start in range(0, len(order), size)]
    dice.shuffle(starts := list(range(len(found))))
    return [found[place] for place in starts]


def scores(encoder, teacher, pieces, size=512):
    """What a teacher says of texts in pieces, before it is made probabilities."""
    found, order = (
        np.zeros((len(pieces), REAL.stop), np.float32),
        np.argsort([-len(own) for own in pieces], kind="stable"),
    )
    teacher.eval()
    with torch.no_grad(), torch.autocast(DEVICE, dtype=torch.bfloat16, enabled=DEVICE == "cuda"):
        for start in range(0, len(order), size):
            chosen = order[start : start + size]
            found[chosen] = (
                teacher(*padded(encoder.pad, [pieces[place] for place in chosen], DEVICE)).float().cpu().numpy()
            )
    return found
