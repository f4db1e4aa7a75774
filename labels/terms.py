"""How a sentence becomes terms: the one definition that training and service share.

A sentence is read as **items** (``read_items``): words, and names as one marker per side or third
party, each with the concept classes it stands for. From the items come **families** of terms:

``word``
    Words cut to their first letters and names as markers ("<china>"), alone and in pairs of
    neighbours. A Chinese character counts as a word.
``character``
    Pieces of three to five characters inside a word as it is written; none of a name.
``near``
    "side > word" and "word > side" for words at most eight words away.
``concept``
    The markers and concept classes that occur.
``pair``
    "a > b" for two of them, b at most eight words behind a: who threatens whom.
``presence``
    Which sides the sentence names at all, else which third parties, and each concept class beside
    them ("china & threat").
``order``
    Two and three markers or concept classes in a row, whatever words stand between them.

Which families a model uses is recorded in its artifact. Changing anything here changes what a
stored model means; the probes in the manifest make the service refuse such a model.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from labels.lexicon import Lexicon
from labels.matching import Token, tokenize
from labels.text import CHARACTER_NGRAMS, chunk_character_terms, compose, is_han

STEM_LENGTH = 6
"""Letters of a word that count: what inflection adds stands behind them."""

WINDOW = 8.0
"""How far apart, in words, the two parts of a ``near`` or ``pair`` term may stand."""

HAN_WIDTH = 0.5
"""Words that a Chinese character counts for: a Chinese word has about two."""

NOBODY = "nobody"
START, END = "^", "$"


class Item(NamedTuple):
    """A word or a name, with its half-open span in composed text and its place, in words."""

    form: str
    names: tuple[str, ...]
    signs: tuple[str, ...]
    start: int
    end: int
    place: float

    @property
    def stem(self) -> str:
        """What counts of the item in terms of words."""
        return self.form if self.names else self.form[:STEM_LENGTH]


Term = tuple[str, tuple[int, ...]]
"""One occurrence of a term, and the numbers of the items that it rests on."""


def read_items(text: str, lexicon: Lexicon) -> list[Item]:
    """Return the items of composed ``text``, in order.

    ``names`` are the sides and third parties that an item names, ``signs`` these or the concept
    classes it stands for. A name of several words is one item. Of a phrase that stands for a
    concept class the first word carries the class, and each word stays an item, so that pairs
    of words still see it.
    """
    tokens = tokenize(text)
    found = _find_names(tokens, lexicon)
    words = [i for i in range(len(tokens)) if i not in found]
    spoken = lexicon.find_concepts([tokens[i] for i in words])
    concepts = {words[k]: classes for k, (_, classes) in spoken.items()}
    items: list[Item] = []
    place = 0.0
    covered = 0
    for i, token in enumerate(tokens):
        if i < covered:
            continue
        if i in found:
            n, names = found[i]
            covered = i + n
            marker = "".join(f"<{name}>" for name in names)
            items.append(Item(marker, names, names, token.start, tokens[covered - 1].end, place))
            place += 1.0
            continue
        items.append(Item(token.form, (), concepts.get(i, ()), token.start, token.end, place))
        place += HAN_WIDTH if is_han(token.form) else 1.0
    return items


def _find_names(
    tokens: Sequence[Token], lexicon: Lexicon
) -> dict[int, tuple[int, tuple[str, ...]]]:
    """Return, by the number of each of its tokens, a name's length and whom it names.

    A longer expression that names nobody keeps its words from being read as a name.
    """
    found: dict[int, tuple[int, tuple[str, ...]]] = {}
    i = 0
    while i < len(tokens):
        n, names = lexicon.name_matcher.match(tokens, i)
        if names:
            found |= dict.fromkeys(range(i, i + n), (n, names))
        i += max(n, 1)
    return found


def named(items: Sequence[Item]) -> set[str]:
    """Return the sides and third parties that a sentence names."""
    return {name for item in items for name in item.names}


def read_terms(
    text: str, items: Sequence[Item], family: str, sides: Sequence[str] = ()
) -> list[Term]:
    """Return every occurrence of a term of one family.

    ``items`` are those of composed ``text``; ``sides`` are the sides of the label set.
    """
    return _READERS[family](text, items, sides)


@dataclass(frozen=True)
class Analyzer:
    """From a sentence to the terms of one family: what a scikit-learn vectoriser calls."""

    family: str
    lexicon: Lexicon

    def __call__(self, text: str) -> list[str]:
        """Return the terms with repetitions; ``text`` need not be composed."""
        composed = compose(text)
        return self.of_items((composed, read_items(composed, self.lexicon)))

    def of_items(self, read: tuple[str, Sequence[Item]]) -> list[str]:
        """Return the same for a composed text and its items."""
        text, items = read
        return [term for term, _ in read_terms(text, items, self.family, self.lexicon.side_names)]


def _word(text: str, items: Sequence[Item], sides: Sequence[str]) -> list[Term]:
    stems = [item.stem for item in items]
    terms: list[Term] = [(stem, (i,)) for i, stem in enumerate(stems)]
    for i, (first, second) in enumerate(pairwise(stems)):
        terms.append((f"{first} {second}", (i, i + 1)))
    return terms


def _character(text: str, items: Sequence[Item], sides: Sequence[str]) -> list[Term]:
    terms: list[Term] = []
    run: list[int] = []
    for i, item in enumerate(items):
        if run and (not is_han(item.form) or item.start != items[run[-1]].end):
            terms += _han_pieces(text, items, run)
            run = []
        if item.names:
            continue
        if is_han(item.form):
            run.append(i)
        else:
            written = text[item.start : item.end]
            terms += [(term, (i,)) for term in chunk_character_terms(written)]
    return terms + _han_pieces(text, items, run)


def _near(text: str, items: Sequence[Item], sides: Sequence[str]) -> list[Term]:
    terms: list[Term] = []
    for i, j in _within_window(items, range(len(items))):
        if items[j].names and not items[i].names:
            terms += [(f"{items[i].stem} > {name}", (i, j)) for name in items[j].names]
        elif items[i].names and not items[j].names:
            terms += [(f"{name} > {items[j].stem}", (i, j)) for name in items[i].names]
    return terms


def _concept(text: str, items: Sequence[Item], sides: Sequence[str]) -> list[Term]:
    return [(sign, (i,)) for i, item in enumerate(items) for sign in item.signs]


def _pair(text: str, items: Sequence[Item], sides: Sequence[str]) -> list[Term]:
    signed = [i for i, item in enumerate(items) if item.signs]
    return [
        (f"{a} > {b}", (i, j))
        for i, j in _within_window(items, signed)
        for a in items[i].signs
        for b in items[j].signs
    ]


def _presence(text: str, items: Sequence[Item], sides: Sequence[str]) -> list[Term]:
    present = named(items)
    # Who is spoken of: the sides, or, where none is named, the third parties.
    who = [side for side in sides if side in present] or sorted(present)
    at = tuple(i for i, item in enumerate(items) if not set(who).isdisjoint(item.names))
    places: dict[str, tuple[int, ...]] = {}
    for i, item in enumerate(items):
        if not item.names:
            for concept in item.signs:
                places[concept] = (*places.get(concept, at), i)
    name = " + ".join(who) or NOBODY
    return [(name, at), *((f"{name} & {concept}", found) for concept, found in places.items())]


def _order(text: str, items: Sequence[Item], sides: Sequence[str]) -> list[Term]:
    row: list[Term] = [(START, ())]
    row += [("/".join(item.signs), (i,)) for i, item in enumerate(items) if item.signs]
    row.append((END, ()))
    terms: list[Term] = []
    for n in (2, 3):
        for i in range(len(row) - n + 1):
            part = row[i : i + n]
            terms.append(
                (" ".join(sign for sign, _ in part), tuple(k for _, at in part for k in at))
            )
    return terms


_READERS: Mapping[str, Callable[[str, Sequence[Item], Sequence[str]], list[Term]]] = {
    "word": _word,
    "character": _character,
    "near": _near,
    "concept": _concept,
    "pair": _pair,
    "presence": _presence,
    "order": _order,
}
FAMILIES = tuple(_READERS)
"""Names of the families of terms, in column order."""


def _within_window(items: Sequence[Item], chosen: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the numbers of two chosen items, the second at most the window behind the first."""
    for k, i in enumerate(chosen):
        limit = items[i].place + WINDOW
        for j in chosen[k + 1 :]:
            if items[j].place > limit:
                break
            yield i, j


def _han_pieces(text: str, items: Sequence[Item], run: Sequence[int]) -> list[Term]:
    """Return the character terms of a run of Chinese characters, one item each."""
    shortest, longest = CHARACTER_NGRAMS
    return [
        (text[items[run[i]].start : items[run[i + n - 1]].end], tuple(run[i : i + n]))
        for n in range(shortest, longest + 1)
        for i in range(len(run) - n + 1)
    ]
