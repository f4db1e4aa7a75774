"""The arrays that the kernel works on, made from a lexicon and weights.

``tables.h`` names them all. Numbers there (rules of case, families) are repeated here by name;
everything else that shapes a term is taken from the module that defines it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labels.kernel._kernel import make_hash_table, make_keys, make_pair_keys
from labels.kernel.characters import character_tables
from labels.lexicon import Lexicon
from labels.matching import Word
from labels.terms import FAMILIES, HAN_WIDTH, STEM_LENGTH, WINDOW
from labels.text import CHARACTER_NGRAMS
from labels.world import MAX_WORDS, MIN_LETTERS, MIN_WORDS

Tables = dict[str, NDArray[Any]]

_CASES = {"any": 0, "initial": 1, "exact": 2}
_NAME_SINGLE, _NAME_PHRASE, _CONCEPT_SINGLE, _CONCEPT_PHRASE = 1, 2, 4, 8
_WHOLE_WORD, _BEGINNING = 64, 65  # hash.h
_MAX_BEGINNING = 62
_FILTER_BITS = 1 << 18


class TablesError(ValueError):
    """A model beyond what the kernel is made for; Python scores it."""


@dataclass(frozen=True, slots=True)
class FamilyWeights:
    """A family's terms in column order, their idf of shape (n_terms,), and its weight."""

    terms: Sequence[str]
    idf: NDArray[np.float64]
    weight: float


def build_tables(
    lexicon: Lexicon,
    families: Mapping[str, FamilyWeights],
    coefficients: NDArray[np.float64],
    intercepts: NDArray[np.float64],
    min_known: float,
) -> Tables:
    """Return the kernel's arrays for a model.

    Parameters
    ----------
    families : in column order
    coefficients : of shape (n_terms of all families, n_labels)
    intercepts : of shape (n_labels,)
    min_known : float
        Least share of known words of a sentence in the model's world.

    Raises
    ------
    TablesError
        If the lexicon is larger than the kernel's numbers allow.
    """
    tables = dict(character_tables())
    tables |= _lexicon_tables(lexicon)
    tables |= _term_tables(families, coefficients, intercepts)
    tables["numbers"] = np.array(
        [
            STEM_LENGTH,
            *CHARACTER_NGRAMS,
            WINDOW,
            HAN_WIDTH,
            MIN_WORDS,
            MAX_WORDS,
            MIN_LETTERS,
            min_known,
        ]
    )
    return tables


class _Texts:
    """All strings that the kernel needs, one after the other, as code points."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0

    def add(self, text: str) -> int:
        """Return where ``text`` begins."""
        start = self._length
        self._parts.append(text)
        self._length += len(text)
        return start

    def add_all(self, texts: Iterable[str]) -> NDArray[np.uint32]:
        """Return where each of ``texts`` begins, and last where they end."""
        starts = [self.add(text) for text in texts]
        return np.array([*starts, self._length], dtype=np.uint32)

    def array(self) -> NDArray[np.uint32]:
        content = "".join(self._parts).encode("utf-32-le", "surrogatepass")
        return np.frombuffer(content, dtype=np.uint32)


@dataclass(frozen=True, slots=True)
class _Entry:
    """An entry's words, the matcher that knows it (0: names) and the number of its values."""

    words: tuple[Word, ...]
    matcher: int
    value: int


def _lexicon_tables(lexicon: Lexicon) -> Tables:
    names = lexicon.names
    signs = (*names, *sorted(lexicon.concepts))
    if len(names) > 64 or len(lexicon.concept_matchers) > 63:
        raise TablesError("more than 64 names or 63 languages")
    number_of = {sign: number for number, sign in enumerate(signs)}
    values: dict[tuple[str, ...], int] = {}
    entries = [
        _Entry(words, matcher, values.setdefault(meant, len(values)))
        for matcher, found in enumerate((lexicon.name_matcher, *lexicon.concept_matchers.values()))
        for words, meant in found.entries
    ]
    texts = _Texts()
    markers = texts.add_all("".join(f"<{name}>" for name in meant) for meant in values)
    sign_text = texts.add_all(signs)
    tables = _entry_tables(entries, texts)
    starts = np.cumsum([0, *map(len, values)])
    return tables | {
        "value_start": starts.astype(np.uint32),
        "value_signs": _numbers(number_of[sign] for meant in values for sign in meant),
        "value_marker": markers,
        "sign_text": sign_text,
        "names_sorted": _numbers(number_of[name] for name in sorted(names)),
        "text": texts.array(),
        "lexicon_counts": _numbers(
            [
                1 + len(lexicon.concept_matchers),
                len(names),
                len(lexicon.sides),
                len(tables["pair_start"]) - 1,
            ]
        ),
    }


def _entry_tables(entries: Sequence[_Entry], texts: _Texts) -> Tables:
    word_of: dict[tuple[str, bool], int] = {}
    ids_of = [
        [word_of.setdefault((w.form, w.continues), len(word_of)) for w in entry.words]
        for entry in entries
    ]
    # Single words first, by word, so that those of one stand in a row; phrases as they came.
    order = sorted(
        range(len(entries)),
        key=lambda i: ids_of[i][0] if len(ids_of[i]) == 1 else len(word_of),
    )
    rows: list[tuple[int, int, int, int, int]] = []
    words: list[tuple[int, int, int, int]] = []
    n_singles = [0] * len(word_of)
    pairs: dict[tuple[int, int], list[int]] = {}
    kinds = [0] * len(word_of)
    for number, (entry, ids) in enumerate((entries[i], ids_of[i]) for i in order):
        is_cased = any(word.case != "any" for word in entry.words)
        rows.append((len(words), len(ids), entry.matcher, entry.value, is_cased))
        for word, i in zip(entry.words, ids, strict=True):
            written = word.written if word.case == "exact" else ""
            words.append((i, _CASES[word.case], texts.add(written), len(written)))
        is_name = entry.matcher == 0
        if len(ids) == 1:
            n_singles[ids[0]] += 1
            kinds[ids[0]] |= _NAME_SINGLE if is_name else _CONCEPT_SINGLE
        else:
            pairs.setdefault((ids[0], ids[1]), []).append(number)
            kinds[ids[0]] |= _NAME_PHRASE if is_name else _CONCEPT_PHRASE
    pair_start, pair_entries = _ranges(list(pairs.values()))
    pair_numbers = np.array(list(pairs), dtype=np.uint32).reshape(-1, 2)
    pair_keys = make_pair_keys(pair_numbers.tobytes())
    return _word_tables(word_of) | {
        "word_starts": np.array(kinds, dtype=np.uint8),
        "entries": np.array(rows, dtype=np.uint32).reshape(-1, 5),
        "entry_words": np.array(words, dtype=np.uint32).reshape(-1, 4),
        "single_start": np.cumsum([0, *n_singles]).astype(np.uint32),
        "pair_slots": _hash_table(pair_keys),
        "pair_filter": _filter(pair_keys),
        "pair_start": pair_start,
        "pair_entries": pair_entries,
    }


def _word_tables(word_of: Mapping[tuple[str, bool], int]) -> Tables:
    beginnings = {len(form) for form, continues in word_of if continues}
    if max(beginnings, default=0) > _MAX_BEGINNING:
        raise TablesError(f"a beginning of more than {_MAX_BEGINNING} letters")
    key_bytes = b"".join(
        make_keys(_BEGINNING if continues else _WHOLE_WORD, [form]) for form, continues in word_of
    )
    return {
        "word_slots": _hash_table(key_bytes),
        "word_filter": _filter(key_bytes),
        "word_open": np.array([continues for _, continues in word_of], dtype=np.uint8),
        "beginning_lengths": np.array([sum(1 << n for n in beginnings)], dtype=np.uint64),
    }


def _term_tables(
    families: Mapping[str, FamilyWeights],
    coefficients: NDArray[np.float64],
    intercepts: NDArray[np.float64],
) -> Tables:
    numbers = [FAMILIES.index(name) for name in families]
    key_bytes = b"".join(
        make_keys(number, list(family.terms))
        for number, family in zip(numbers, families.values(), strict=True)
    )
    idf = np.concatenate([np.zeros(0), *(family.idf for family in families.values())])
    rows = np.ascontiguousarray(np.column_stack([idf, coefficients]), dtype=np.float32)
    return {
        "families": _numbers(numbers),
        "family_weights": np.array([f.weight for f in families.values()], dtype=np.float64),
        "term_slots": _hash_table(key_bytes),
        "rows": rows,
        "intercepts": np.asarray(intercepts, dtype=np.float64),
    }


def _hash_table(key_bytes: bytes) -> NDArray[np.uint64]:
    """Return slots of a key and its number, of shape (n_slots, 2)."""
    return np.frombuffer(make_hash_table(key_bytes), dtype=np.uint64).reshape(-1, 2)


def _filter(key_bytes: bytes) -> NDArray[np.uint64]:
    """Return a bit for the upper half of each key; few keys that are not in the table have one."""
    upper = np.frombuffer(key_bytes, dtype=np.uint64) >> np.uint64(32)
    is_set = np.zeros(_FILTER_BITS, dtype=np.uint8)
    is_set[(upper & np.uint64(_FILTER_BITS - 1)).astype(np.intp)] = 1
    return np.packbits(is_set, bitorder="little").view("<u8")


def _ranges(groups: Sequence[Sequence[int]]) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Return where each group begins (and last where all end), and their members in a row."""
    starts = np.cumsum([0, *map(len, groups)]).astype(np.uint32)
    return starts, _numbers(member for group in groups for member in group)


def _numbers(values: Iterable[int]) -> NDArray[np.uint32]:
    return np.array(list(values), dtype=np.uint32)
