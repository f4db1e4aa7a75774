"""Entries of a lexicon, and where in a sentence they stand.

An **entry** is a word or a phrase. Written in lower case it matches any case; with a capital, only
a capitalised word ("Xi" but not "xi"); names of two letters and abbreviations match as written. A
``*`` at the end of a word lets it go on ("threat*": "threats", "threatened"). In Chinese an entry
is a run of characters. At one place the longest entry wins, a whole word before a beginning.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from labels.text import (
    MAX_REMEMBERED_LETTERS,
    UNITED_STATES_FORM,
    chunk_tokens,
    compose,
    find_chunks,
    is_han,
)

CONTINUES = "*"
MIN_BEGINNING = 2
MAX_ABBREVIATION = 5
MAX_REMEMBERED = 1 << 16
"""Words whose entries are remembered: texts repeat their words, and memory stays flat."""


class EntryError(ValueError):
    """An entry that cannot be used; the message names it."""


class Token(NamedTuple):
    """A token in lower case, as it was written, and its half-open span in composed text."""

    form: str
    written: str
    start: int
    end: int


def tokenize(text: str) -> list[Token]:
    """Return the tokens of composed ``text``; a run of Chinese characters gives one a character.

    In a text without any small letter "US" is the pronoun as likely as the country: it stays a
    word.
    """
    is_shouted = not any(character.islower() for character in text)
    tokens: list[Token] = []
    for match in find_chunks(text):
        chunk, (start, end) = match[0], match.span()
        if is_han(chunk):
            tokens += [Token(c, c, i, i + 1) for i, c in enumerate(chunk, start)]
        elif is_shouted and chunk == "US":
            tokens.append(Token("us", chunk, start, end))
        else:
            tokens.append(Token(chunk_tokens(chunk)[0], chunk, start, end))
    return tokens


class Word(NamedTuple):
    """One word of an entry: what a token must look like."""

    form: str
    written: str
    case: str
    continues: bool

    def matches(self, token: Token) -> bool:
        """Tell whether a token is this word."""
        if self.continues:
            if not token.form.startswith(self.form):
                return False
        elif token.form != self.form:
            return False
        if self.case == "exact":
            return token.written.startswith(self.written)
        return self.case == "any" or token.written[:1].isupper()


_Candidate = tuple[tuple[Word, ...], tuple[str, ...]]
"""An entry and its values."""


class Matcher:
    """Finds the entries that start at a token; built once, safe to share by threads."""

    def __init__(self, entries: Iterable[tuple[str, tuple[str, ...]]]) -> None:
        """Take (entry, values) pairs; an entry that stands several times has all its values.

        Raises
        ------
        EntryError
            If an entry holds no word.
        """
        values: dict[str, list[str]] = {}
        for entry, found in entries:
            values.setdefault(entry, []).extend(v for v in found if v not in values.get(entry, []))
        self.entries: list[_Candidate] = []
        self._by_word: dict[str, list[_Candidate]] = {}
        self._by_beginning: dict[str, list[_Candidate]] = {}
        for entry, meant in values.items():
            words = _words(entry)
            index = self._by_beginning if words[0].continues else self._by_word
            candidate = (words, tuple(meant))
            index.setdefault(words[0].form, []).append(candidate)
            self.entries.append(candidate)
        self._longest_beginning = max(map(len, self._by_beginning), default=0)
        self._starting: dict[str, _Starting | None] = {}

    def match(self, tokens: Sequence[Token], i: int) -> tuple[int, tuple[str, ...]]:
        """Return how many tokens the longest entry at ``i`` covers, 0 for none, and its values."""
        starting = self._starting_with(tokens[i].form)
        if starting is None:
            return 0, ()
        best: _Candidate = (), ()
        if i + 1 < len(tokens):
            likely = starting.phrases.get(tokens[i + 1].form, ())
            for group in (likely, starting.open_phrases):
                for words, values in group:
                    if len(words) <= len(best[0]):
                        break
                    if i + len(words) <= len(tokens) and all(
                        word.matches(tokens[i + k]) for k, word in enumerate(words)
                    ):
                        best = words, values
                        break
        if best[0]:
            return len(best[0]), best[1]
        for words, values in starting.single:
            if words[0].matches(tokens[i]):
                return 1, values
        return 0, ()

    def starts_with(self, form: str) -> bool:
        """Tell whether an entry's first word can be ``form``."""
        return self._starting_with(form) is not None

    def _starting_with(self, form: str) -> "_Starting | None":
        """Return the entries whose first word can be ``form``, None if there is none."""
        if form in self._starting:
            return self._starting[form]
        found = list(self._by_word.get(form, ()))
        for end in range(min(len(form), self._longest_beginning), MIN_BEGINNING - 1, -1):
            found += self._by_beginning.get(form[:end], ())
        # A stable sort: of equally long entries a whole word stays before a beginning.
        found.sort(key=lambda candidate: -len(candidate[0]))
        starting = _group(found) if found else None
        if is_worth_remembering(form, self._starting):
            self._starting[form] = starting
        return starting


def is_worth_remembering(form: str, remembered: Mapping[str, object]) -> bool:
    """Tell whether to keep what was found for a word: neither long words nor too many."""
    return len(form) <= MAX_REMEMBERED_LETTERS and len(remembered) < MAX_REMEMBERED


class _Starting(NamedTuple):
    """Entries that can start with one word: phrases by their second word, single words.

    ``open_phrases`` are those whose second word may go on. Longer entries stand first.
    """

    phrases: dict[str, list[_Candidate]]
    open_phrases: list[_Candidate]
    single: list[_Candidate]


def _group(candidates: Sequence[_Candidate]) -> _Starting:
    starting = _Starting({}, [], [])
    for candidate in candidates:
        words = candidate[0]
        if len(words) == 1:
            starting.single.append(candidate)
        elif words[1].continues:
            starting.open_phrases.append(candidate)
        else:
            starting.phrases.setdefault(words[1].form, []).append(candidate)
    return starting


def _words(entry: str) -> tuple[Word, ...]:
    words: list[Word] = []
    for part in entry.split():
        continues = part.endswith(CONTINUES)
        tokens = tokenize(compose(part.removesuffix(CONTINUES)))
        # A short entry in capitals must not be taken for a shouted sentence.
        tokens = [t._replace(form=UNITED_STATES_FORM) if t.written == "US" else t for t in tokens]
        if CONTINUES in part.removesuffix(CONTINUES):
            raise EntryError(f"{entry!r} is no entry: '*' may only end a word")
        if continues and (not tokens or len(tokens[-1].form) < MIN_BEGINNING):
            raise EntryError(f"{entry!r}: a beginning must have {MIN_BEGINNING} letters or more")
        last = len(tokens) - 1
        words += [
            Word(t.form, t.written, _case(t), continues and i == last) for i, t in enumerate(tokens)
        ]
    if not words:
        raise EntryError(f"{entry!r} is no entry: it holds no word")
    return tuple(words)


def _case(token: Token) -> str:
    """Return how strictly a token of an entry is compared: any, initial or exact."""
    if token.form == UNITED_STATES_FORM or not token.written[:1].isupper():
        return "any"
    is_abbreviation = token.written.isupper() and len(token.written) <= MAX_ABBREVIATION
    return "exact" if is_abbreviation or len(token.written) <= 2 else "initial"
