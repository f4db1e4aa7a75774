"""Names and concept classes: what a word or phrase stands for, in every language.

Two files of a label set, both optional, say so as reviewed data:

``actors.json``
    ``sides``: for each side of the debate the names by which it is meant, per language;
    ``third_parties``: the same for others whose place in a sentence matters; ``nobody``: longer
    expressions that contain a name and mean none of them ("Latin America").
``concepts.json``
    For each concept class (``threat``, ``thanks``, ``embargo`` ...) its words per language, so that
    a language with few labelled sentences learns from the others.

An **entry** is a word or a phrase. Written in lower case it matches any case; with a capital, only
a capitalised word ("Xi" but not "xi"); names of two letters and abbreviations match as written. A
``*`` at the end of a word lets it go on ("threat*": "threats", "threatened"). In Chinese an entry
is a run of characters. At one place the longest entry wins, a whole word before a beginning.

Names of all languages are matched at once: a name is a name wherever it stands. Of the concept
classes only the words of one language are, that which covers most of the sentence.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from labels.text import (
    CHUNK,
    MAX_REMEMBERED_LETTERS,
    UNITED_STATES_FORM,
    chunk_tokens,
    compose,
    is_han,
)

ACTORS_FILE, CONCEPTS_FILE = "actors.json", "concepts.json"
CONTINUES = "*"
MIN_BEGINNING = 2
MAX_ABBREVIATION = 5
MAX_REMEMBERED = 1 << 16
"""Words whose entries are remembered: texts repeat their words, and memory stays flat."""

Entries = Mapping[str, Mapping[str, tuple[str, ...]]]


class LexiconError(ValueError):
    """Names or concept classes that cannot be used; the message names file and entry."""


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
    for match in CHUNK.finditer(text):
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
        LexiconError
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
        if _is_worth_remembering(form, self._starting):
            self._starting[form] = starting
        return starting


def _is_worth_remembering(form: str, remembered: Mapping[str, object]) -> bool:
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


@dataclass(frozen=True)
class Lexicon:
    """The names of the sides and the concept classes of a label set; empty without its files."""

    sides: Entries = field(default_factory=dict)
    third_parties: Entries = field(default_factory=dict)
    nobody: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    concepts: Entries = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.sides or self.concepts)

    def __getstate__(self) -> dict[str, Any]:
        # The matchers are rebuilt where they are needed: a stored pipeline holds data only.
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    @cached_property
    def side_names(self) -> tuple[str, ...]:
        """The sides, in the order of the file."""
        return tuple(self.sides)

    @property
    def names(self) -> tuple[str, ...]:
        """The sides and then the third parties, in the order of the file."""
        return (*self.sides, *self.third_parties)

    @cached_property
    def name_matcher(self) -> Matcher:
        """Finds names: the values are those named, none for an expression that names nobody."""
        names = [
            (entry, (name,))
            for name, by_lang in (*self.sides.items(), *self.third_parties.items())
            for entry in _all(by_lang)
        ]
        return Matcher([*names, *((expression, ()) for expression in _all(self.nobody))])

    @cached_property
    def concept_matchers(self) -> dict[str, Matcher]:
        """Per language what finds words of concept classes: the values are the classes, sorted."""
        entries: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
        for concept, by_language in sorted(self.concepts.items()):
            for lang, own in by_language.items():
                entries.setdefault(lang, []).extend((entry, (concept,)) for entry in own)
        # Sorted, so that the order of a file's keys can never change what a tie gives.
        return {lang: Matcher(entries[lang]) for lang in sorted(entries)}

    def find_concepts(self, tokens: Sequence[Token]) -> dict[int, tuple[int, tuple[str, ...]]]:
        """Return, by the number of its first token, each phrase's length and concept classes.

        The language of the tokens is the one whose entries cover most of them; of equal ones,
        all. So a word that means something else in another language does no harm, and nobody
        needs to say which language a sentence is in.
        """
        found: dict[str, dict[int, tuple[int, tuple[str, ...]]]] = {}
        covered: dict[str, int] = {}
        ends: dict[str, int] = {}
        for i, token in enumerate(tokens):
            for lang in self._languages_starting(token.form):
                if i < ends.get(lang, 0):
                    continue
                n, classes = self.concept_matchers[lang].match(tokens, i)
                if n:
                    found.setdefault(lang, {})[i] = n, classes
                    covered[lang] = covered.get(lang, 0) + n
                    ends[lang] = i + n
        most = max(covered.values(), default=0)
        return {
            i: phrase
            for lang in sorted(found)
            if covered[lang] == most
            for i, phrase in found[lang].items()
        }

    def _languages_starting(self, form: str) -> tuple[str, ...]:
        """Return the languages with an entry whose first word can be ``form``."""
        languages = self._languages_by_form.get(form)
        if languages is None:
            matchers = self.concept_matchers.items()
            languages = tuple(lang for lang, matcher in matchers if matcher.starts_with(form))
            if _is_worth_remembering(form, self._languages_by_form):
                self._languages_by_form[form] = languages
        return languages

    @cached_property
    def _languages_by_form(self) -> dict[str, tuple[str, ...]]:
        return {}

    def to_dict(self) -> dict[str, Any]:
        """Return the content of both files, as the artifact keeps it."""
        return {
            "sides": {name: dict(by_lang) for name, by_lang in self.sides.items()},
            "third_parties": {name: dict(by_lang) for name, by_lang in self.third_parties.items()},
            "nobody": dict(self.nobody),
            "concepts": {name: dict(by_lang) for name, by_lang in self.concepts.items()},
        }


def read_lexicon(labels_dir: Path) -> Lexicon:
    """Read ``actors.json`` and ``concepts.json`` of a label set; a missing file is an empty one.

    Raises
    ------
    LexiconError
        Naming the file and the entry that cannot be used.
    """
    actors, concepts = _read(labels_dir / ACTORS_FILE), _read(labels_dir / CONCEPTS_FILE)
    if unknown := sorted(set(actors) - {"sides", "third_parties", "nobody"}):
        raise LexiconError(f"{labels_dir / ACTORS_FILE}: {unknown[0]!r} is no part of it")
    return parse_lexicon(actors | {"concepts": concepts}, str(labels_dir))


def parse_lexicon(content: object, where: str) -> Lexicon:
    """Build a lexicon from parsed JSON in the form of ``Lexicon.to_dict``.

    Raises
    ------
    LexiconError
        Naming the entry, what was found and what was expected.
    """
    if not isinstance(content, dict):
        raise LexiconError(f"{where}: found {type(content).__name__}, expected an object")
    lexicon = Lexicon(
        sides=_groups(content.get("sides", {}), f"{where}: sides"),
        third_parties=_groups(content.get("third_parties", {}), f"{where}: third_parties"),
        nobody=_by_language(content.get("nobody", {}), f"{where}: nobody"),
        concepts=_groups(content.get("concepts", {}), f"{where}: concepts"),
    )
    names = [*lexicon.sides, *lexicon.third_parties, *lexicon.concepts]
    if shared := sorted(name for name in names if names.count(name) > 1):
        raise LexiconError(f"{where}: {shared[0]!r} names two things; each needs its own name")
    try:
        lexicon.name_matcher, lexicon.concept_matchers  # noqa: B018 - built to check the entries
    except LexiconError as error:
        raise LexiconError(f"{where}: {error}") from error
    return lexicon


def _read(path: Path) -> dict[str, Any]:
    try:
        content = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise LexiconError(f"{path}: cannot be read ({error.strerror})") from error
    except orjson.JSONDecodeError as error:
        raise LexiconError(f"{path}:{error.lineno}: not JSON ({error.msg})") from error
    if not isinstance(content, dict):
        raise LexiconError(f"{path}: found {type(content).__name__}, expected an object")
    return content


def _groups(content: object, where: str) -> Entries:
    if not isinstance(content, dict):
        raise LexiconError(f"{where}: found {type(content).__name__}, expected an object")
    return {name: _by_language(group, f"{where}: {name}") for name, group in content.items()}


def _by_language(content: object, where: str) -> dict[str, tuple[str, ...]]:
    if not isinstance(content, dict):
        raise LexiconError(f"{where}: found {type(content).__name__}, expected lists by language")
    for lang, entries in content.items():
        if not isinstance(entries, list | tuple) or not all(
            isinstance(e, str) and e for e in entries
        ):
            raise LexiconError(f"{where}: {lang}: must be a list of words or phrases")
    return {lang: tuple(entries) for lang, entries in content.items()}


def _all(by_language: Mapping[str, tuple[str, ...]]) -> Iterable[str]:
    return (entry for entries in by_language.values() for entry in entries)


def _words(entry: str) -> tuple[Word, ...]:
    words: list[Word] = []
    for part in entry.split():
        continues = part.endswith(CONTINUES)
        tokens = tokenize(compose(part.removesuffix(CONTINUES)))
        # A short entry in capitals must not be taken for a shouted sentence.
        tokens = [t._replace(form=UNITED_STATES_FORM) if t.written == "US" else t for t in tokens]
        if CONTINUES in part.removesuffix(CONTINUES):
            raise LexiconError(f"{entry!r} is no entry: '*' may only end a word")
        if continues and (not tokens or len(tokens[-1].form) < MIN_BEGINNING):
            raise LexiconError(f"{entry!r}: a beginning must have {MIN_BEGINNING} letters or more")
        last = len(tokens) - 1
        words += [
            Word(t.form, t.written, _case(t), continues and i == last) for i, t in enumerate(tokens)
        ]
    if not words:
        raise LexiconError(f"{entry!r} is no entry: it holds no word")
    return tuple(words)


def _case(token: Token) -> str:
    """Return how strictly a token of an entry is compared: any, initial or exact."""
    if token.form == UNITED_STATES_FORM or not token.written[:1].isupper():
        return "any"
    is_abbreviation = token.written.isupper() and len(token.written) <= MAX_ABBREVIATION
    return "exact" if is_abbreviation or len(token.written) <= 2 else "initial"
