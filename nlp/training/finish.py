"""The last step to the shipped weights: what the labels say of urgency, on top of what the teachers taught.

    python -m nlp.training.finish --data FOLDER --weights taught.npz --out weights.npz

A few passes on the processor alone, three times in another order (ten minutes on one core), over our corpus and
`triage_labels`, each label mixed with what the network says already; posts of the permissive sets hold it where it was.
A critical post, and one with a cue of danger in it, counts for more: that line is where a wrong answer wakes somebody.
"""

# torch is needed to rebuild the weights only, and is no dependency of ours.
# mypy: ignore-errors
# ruff: noqa: B905

import argparse
import math
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn

from leitstand.model import Intent
from nlp import sentiment, urgency
from nlp.calibration import sigmoid, softmax
from nlp.components import finder
from nlp.features import NAMES, describe
from nlp.network import INTENTS, OUTPUTS, SENTIMENT, URGENCY
from nlp.reading import read_post
from nlp.training.gather import gather
from nlp.training.student import Student, Texts, arrays, loss, settle

ANCHORS = 10_000
EPOCHS, ORDERS, RATE, BATCH = 5, 3, 3e-3, 512
MOOD, LEVEL = 0.15, 0.7  # how much of a true label goes into what is learned
_ANCHOR, _TRIAGE, _GRAVE = 0.5, 1.3, 1.6


def main():
    options = _options()
    with np.load(options.weights) as file:
        network = opened({name: file[name] for name in file.files if name != "features"})
    finished = finish(network, gather(options.data), options.epochs, options.anchors)
    np.savez_compressed(options.out, features=np.array(NAMES), **settle(arrays(finished)))
    sys.stderr.write(f"written {options.out}\n")


def _options():
    parser = argparse.ArgumentParser(prog="python -m nlp.training.finish", description=__doc__.splitlines()[0])
    for name in ("data", "weights", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--anchors", type=int, default=ANCHORS)
    return parser.parse_args()


def opened(held):
    """The network in the arrays of a file, to be taught further."""
    found = {name: array.astype(np.float32) for name, array in held.items()}
    for name in ("w.weight", "g.weight"):
        found[name] = found.pop(f"{name}.q") * found.pop(f"{name}.s")
    student = Student()
    student.f1 = nn.Linear(len(NAMES), len(found["f1.bias"]))
    student.f2 = nn.Linear(len(found["f1.bias"]), OUTPUTS)
    student.load_state_dict({name: torch.from_numpy(value) for name, value in found.items()})
    return student


def finish(student, posts, epochs=EPOCHS, anchors=ANCHORS, orders=ORDERS):
    """The network after its last lessons, taken from the examples that `gather` found.

    They are taken in several orders, each from the same start; the mean of the weights is steadier than any of them.
    """
    dice = np.random.default_rng(0)
    labelled = [post for post in posts if post.urgency >= 0]
    others = [post for post in posts if post.urgency < 0 and post.origin not in ("lexicon", "massive_de")]
    kept = [others[place] for place in dice.permutation(len(others))[:anchors]]
    features, folded = _read([*labelled, *kept])
    texts = Texts(folded, features, "cpu")
    wanted, weight = map(torch.from_numpy, _wanted(_scores(student, texts), labelled, features))
    start, ends = _copied(student), []
    for order in range(orders):
        torch.manual_seed(order)
        student.load_state_dict(start)
        ends.append(_copied(_learn(student, texts, wanted, weight, np.random.default_rng(order), epochs)))
    student.load_state_dict({name: sum(end[name] for end in ends) / orders for name in start})
    return student


def _copied(student):
    return {name: value.clone() for name, value in student.state_dict().items()}


def _read(posts):
    features, folded = np.zeros((len(posts), len(NAMES)), np.float32), []
    for row, post in zip(features, posts):
        reading = read_post(post.text, finder((post.language, "xx"), ()))
        mood = sentiment.judge(reading)
        row[:] = describe(reading, mood, urgency.judge(reading, mood))
        folded.append(reading.unsilenced)
    return features, folded


def _scores(student, texts):
    found = np.zeros((texts.count, OUTPUTS), np.float32)
    student.eval()
    with torch.no_grad():
        for start in range(0, texts.count, BATCH):
            chosen = np.arange(start, min(start + BATCH, texts.count))
            found[chosen] = texts.scores(student, chosen).numpy()
    return found


def _wanted(scores, labelled, features):
    wanted = np.concatenate(
        [softmax(scores[:, SENTIMENT]), softmax(scores[:, URGENCY]), sigmoid(scores[:, INTENTS])], axis=1
    )
    weight = np.full(len(scores), _ANCHOR, np.float32)
    danger = features[:, NAMES.index("cue level 3")] > 0
    for row, post in enumerate(labelled):
        weight[row] = _TRIAGE if post.origin == "triage_labels" else 1.0
        if danger[row] or post.urgency == len(range(*URGENCY.indices(OUTPUTS))) - 1:
            weight[row] *= _GRAVE
        _move(wanted[row, SENTIMENT], np.eye(3)[post.sentiment], MOOD)
        _move(wanted[row, URGENCY], np.eye(4)[post.urgency], LEVEL)
        _move(wanted[row, INTENTS], np.isin(np.arange(len(Intent)), post.intents), MOOD)
    return wanted.astype(np.float32), weight


def _move(part, truth, share):
    part[:] = (1 - share) * part + share * truth


def _learn(student, texts, wanted, weight, dice, epochs):
    best = torch.optim.AdamW(student.parameters(), lr=RATE, weight_decay=0.0)
    steps = epochs * math.ceil(texts.count / BATCH)
    pace = torch.optim.lr_scheduler.LambdaLR(best, lambda k: min(1, k / 20) * max(0.02, 1 - k / steps))
    student.train()
    for epoch in range(epochs):
        order = dice.permutation(texts.count)
        heaps = np.array_split(order, max(1, texts.count // (BATCH * 20)))
        order = np.concatenate([heap[np.argsort(texts.lengths[heap], kind="stable")] for heap in heaps])
        starts = dice.permutation(np.arange(0, texts.count, BATCH))
        for start in starts:
            chosen = order[start : start + BATCH]
            error = loss(texts.scores(student, chosen), wanted[chosen], weight[chosen])
            best.zero_grad()
            error.backward()
            best.step()
            pace.step()
        sys.stderr.write(f"epoch {epoch + 1} of {epochs}, error {float(error.detach()):.3f}\n")
    return student.eval()


if __name__ == "__main__":
    main()
