"""Names and concept classes: what a word or phrase stands for, in every language.

Two files of a label set, both optional, say so as reviewed data:

``actors.json``
    ``sides``: for each side of the debate the names by which it is meant, per language;
    ``third_parties``: the same for others whose place in a sentence matters; ``nobody``: longer
    expressions that contain a name and mean none of them ("Latin America").
``concepts.json``
    For each concept class (``threat``, ``thanks``, ``embargo`` ...) its words per language, so that
    a language with few labelled sentences learns from the others.

What an entry of them looks like, ``labels.matching`` says. Names of all languages are matched at
once: a name is a name wherever it stands. Of the concept classes only the words of one language
are, that which covers most of the sentence.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson

from labels.matching import EntryError, Matcher, Token, is_worth_remembering

ACTORS_FILE, CONCEPTS_FILE = "actors.json", "concepts.json"

Entries = Mapping[str, Mapping[str, tuple[str, ...]]]


class LexiconError(ValueError):
    """Names or concept classes that cannot be used; the message names file and entry."""


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
            if is_worth_remembering(form, self._languages_by_form):
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
    except EntryError as error:
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
