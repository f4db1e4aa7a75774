"""No text, array or caller makes the kernel leave its memory."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from labels import kernel
from labels.world import REASONS
from service.classifier import Classifier

if not kernel.AVAILABLE:
    pytest.skip("the kernel is not built: there was no C compiler", allow_module_level=True)

from labels.kernel._kernel import Kernel, decide
from tests.fuzz.__main__ import can_build, fuzz
from tests.texts import TRAPS


@pytest.fixture(scope="module")
def made(trained: Classifier) -> Kernel:
    return Kernel(trained.artifact.tables | trained.artifact.language)


def answers(n: int, n_labels: int = 3) -> list[Any]:
    """Return what ``score`` reads about the labels, and the arrays that it fills."""
    shape = (n, n_labels)
    about = np.zeros(n_labels, np.uint64)
    return [about, np.zeros(shape), np.zeros(n), np.zeros(n, np.uint8), np.zeros(shape, bool)]


def misplaced(array: Any) -> Any:
    """Return zeros of the type and shape of an array, at an address no number may have."""
    return np.zeros(array.nbytes + 1, np.uint8)[1:].view(array.dtype).reshape(array.shape)


def score(made: Kernel, content: Any, offsets: Any) -> int:
    """Return what the kernel says of the first of the texts."""
    given = answers(len(offsets) - 1)
    made.score((content, offsets), False, *given)
    return int(given[3][0])


def test_a_single_word_cannot_stand_for_a_phrase(trained: Classifier) -> None:
    tables: dict[str, Any] = {**trained.artifact.tables}
    tables["entries"] = np.asarray(tables["entries"])
    phrase = int(np.flatnonzero(tables["entries"][:, 1] > 1)[0])
    tables["single_start"] = np.full_like(tables["single_start"], phrase + 1)
    with pytest.raises(ValueError, match="single_start holds a phrase"):
        Kernel(tables)


@pytest.mark.parametrize(
    ("name", "place", "number", "problem"),
    [
        ("language_parts", -2, 2**32 - 1, "language_parts is not in order"),
        ("language_steps", -2, 2**32 - 2, "language_steps holds an unknown feature"),
        ("language_steps", -1, 38_400, "language_steps points outside"),
        ("language_numbers", -2, 65_535, "language_numbers points outside"),
        ("language_prior", -2, np.nan, "language_prior holds a number that is not finite"),
    ],
)
def test_a_damaged_language_identifier_is_refused(
    trained: Classifier, name: str, place: int, number: float, problem: str
) -> None:
    arrays: dict[str, Any] = trained.artifact.tables | trained.artifact.language
    arrays[name] = np.array(arrays[name])
    arrays[name].reshape(-1)[place] = number
    with pytest.raises(ValueError, match=problem):
        Kernel(arrays)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"\xc1\xa1", id="two bytes for one"),
        pytest.param(b"\xe0\x81\xa1", id="three bytes for one"),
        pytest.param(b"\xe0\x9f\xbf", id="three bytes for two"),
        pytest.param(b"\xf0\x8f\xbf\xbf", id="four bytes for three"),
        pytest.param(b"\xed\xa0\x80", id="surrogate"),
        pytest.param(b"\xed\xbf\xbf", id="last surrogate"),
        pytest.param(b"\xf4\x90\x80\x80", id="beyond Unicode"),
        pytest.param(b"\xf5\x80\x80\x80", id="no first byte"),
        pytest.param(b"\x80", id="continuation alone"),
        pytest.param(b"\xe4\xb8", id="cut off"),
        pytest.param(b"\xe4\xb8a", id="interrupted"),
    ],
)
def test_what_is_no_utf8_is_left_to_python(made: Kernel, content: bytes) -> None:
    with pytest.raises(UnicodeDecodeError):
        content.decode()
    offsets = np.array([0, len(content)], dtype=np.int64)
    assert score(made, content, offsets) == kernel.NEEDS_PYTHON
    # What follows in the array does not count.
    assert score(made, content + b"\xad\xad\xad", offsets) == kernel.NEEDS_PYTHON


@pytest.mark.parametrize(
    "character", ["\x7f", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\U0010ffff"]
)
def test_the_edges_of_utf8_are_read(made: Kernel, character: str) -> None:
    content = character.encode()
    offsets = np.array([0, len(content)], dtype=np.int64)
    assert score(made, content, offsets) != kernel.NEEDS_PYTHON


@pytest.mark.parametrize(
    "offsets", [np.zeros(4, np.int32), misplaced(np.zeros(2, np.int64))], ids=["type", "place"]
)
def test_offsets_of_another_type_or_place_are_refused(made: Kernel, offsets: Any) -> None:
    with pytest.raises(ValueError, match="offsets"):
        made.score((b"", offsets), False, *answers(1))


@pytest.mark.parametrize(
    ("place", "wrong"),
    [
        (0, np.zeros(6, np.uint32)),
        (0, misplaced(np.zeros(3, np.uint64))),
        (1, np.zeros((2, 6), np.float32)),
        (1, misplaced(np.zeros((2, 3)))),
        (2, np.zeros(4, np.float32)),
        (2, misplaced(np.zeros(2))),
        (3, np.zeros(1, np.uint16)),
        (4, np.zeros((2, 2), bool)),
    ],
)
def test_answers_of_another_type_or_place_are_refused(made: Kernel, place: int, wrong: Any) -> None:
    given = answers(2)
    given[place] = wrong
    with pytest.raises(ValueError, match="wrong size or type"):
        made.score(["a", "b"], False, *given)


def decisions(n: int, n_labels: int) -> list[Any]:
    """Return what ``decide`` reads, and the arrays that it fills."""
    scores, flags = np.zeros((n, n_labels)), np.zeros((n, n_labels), bool)
    thresholds, bounds = np.zeros(n_labels), np.zeros((n_labels, 2))
    is_supported, is_uncertain = np.zeros(n, bool), np.zeros(n, bool)
    reasons = np.zeros(n, np.uint8)
    return [thresholds, bounds, scores, flags, is_supported, flags.copy(), is_uncertain, reasons]


@pytest.mark.parametrize("place", range(8))
def test_decisions_of_another_size_are_refused(place: int) -> None:
    given = decisions(2, 3)
    given[place] = decisions(3, 4)[place]
    with pytest.raises(ValueError, match="wrong size or type"):
        decide(True, *given)


@pytest.mark.parametrize("place", range(3))
def test_numbers_for_decisions_at_another_place_are_refused(place: int) -> None:
    given = decisions(2, 3)
    given[place] = misplaced(given[place])
    with pytest.raises(ValueError, match="wrong size or type"):
        decide(True, *given)


def test_too_many_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="too many labels"):
        decide(True, *decisions(1, 1025))


def test_languages_of_another_type_are_refused(made: Kernel) -> None:
    with pytest.raises(ValueError, match="wrong size or type"):
        made.identify(["a", "b"], np.zeros(1, np.int64))


@pytest.mark.parametrize("wrong", [None, b"a", ["a"], "\ud800"])
def test_the_language_is_that_of_a_string(made: Kernel, wrong: Any) -> None:
    with pytest.raises((TypeError, UnicodeEncodeError)):
        made.language(wrong)


def test_without_an_identifier_there_is_no_language(trained: Classifier) -> None:
    with pytest.raises(TypeError, match="identifier"):
        Kernel(trained.artifact.tables).language("a")


RULE: list[Any] = [
    ("a", "b", "c"),
    REASONS,
    np.zeros(3, np.uint64),
    np.zeros(3),
    np.zeros((3, 2)),
    True,
]


@pytest.mark.parametrize(
    ("place", "wrong"),
    [
        (0, ("a", "b")),
        (0, ["a", "b", "c"]),
        (1, REASONS[1:]),
        (1, list(REASONS)),
        (2, np.zeros(3, np.uint32)),
        (2, misplaced(np.zeros(3, np.uint64))),
        (3, np.zeros(2)),
        (4, np.zeros(3)),
        (4, None),
    ],
)
def test_a_rule_of_another_size_is_refused(made: Kernel, place: int, wrong: Any) -> None:
    rule = RULE.copy()
    rule[place] = wrong
    with pytest.raises((TypeError, ValueError)):
        made.answer(["a"], True, *rule)


@pytest.mark.parametrize("texts", [None, [None], ["\ud800"], ("a", "b")])
def test_answers_are_for_strings(made: Kernel, texts: Any) -> None:
    with pytest.raises((TypeError, UnicodeEncodeError)):
        made.answer(texts, True, *RULE)


def test_answers_hold_nothing_when_they_are_gone(made: Kernel) -> None:
    ids = tuple(f"label-{number}" for number in range(3))
    before = [sys.getrefcount(part) for part in (*ids, REASONS, REASONS[1])]
    for _ in range(100):
        made.answer(["China builds a port.", ""], True, ids, *RULE[1:])
    assert [sys.getrefcount(part) for part in (*ids, REASONS, REASONS[1])] == before


@pytest.mark.parametrize(
    ("place", "wrong"),
    [
        (0, np.zeros(4, np.int32)),
        (0, np.zeros(3, np.int64)),
        (0, misplaced(np.zeros(2, np.int64))),
        (1, np.zeros(4, np.uint32)),
        (1, misplaced(np.zeros(2, np.uint64))),
    ],
)
def test_counts_of_another_type_or_place_are_refused(made: Kernel, place: int, wrong: Any) -> None:
    given = [np.zeros(2, np.int64), np.zeros(2, np.uint64)]
    given[place] = wrong
    with pytest.raises(ValueError, match="wrong size or type"):
        made.count(["a", "b"], *given)


@pytest.mark.parametrize("place", [0, 1])
def test_counts_have_both_arrays(made: Kernel, place: int) -> None:
    given: list[Any] = [np.zeros(1, np.int64), np.zeros(1, np.uint64)]
    given[place] = None
    with pytest.raises(TypeError):
        made.count(["a"], *given)
    with pytest.raises(TypeError, match="two arrays"):
        made.count(["a"])


def test_only_what_depends_on_context_is_not_counted(made: Kernel) -> None:
    contextual = ["ΣΟΦΟΣ", "İstanbul"]
    texts = [*contextual, *(text for text in TRAPS if not set("Σİ") & set(text))]
    n_terms, named = np.zeros(len(texts), np.int64), np.zeros(len(texts), np.uint64)
    made.count(texts, n_terms, named)
    assert np.flatnonzero(n_terms == kernel.LEFT_TO_PYTHON).tolist() == [0, 1]


def test_many_threads_count_as_one_does(made: Kernel) -> None:
    texts = [text for text in TRAPS if len(text) < 1000] * 20

    def count(_: int) -> tuple[bytes, ...]:
        n_terms, named = np.zeros(len(texts), np.int64), np.zeros(len(texts), np.uint64)
        return *made.count(texts, n_terms, named), n_terms.tobytes(), named.tobytes()

    alone = count(0)
    with ThreadPoolExecutor(4) as pool:
        assert all(found == alone for found in pool.map(count, range(16)))


@pytest.mark.parametrize("name", ["rows", "numbers", "entries", "char_class", "word_open"])
def test_an_array_of_another_type_is_refused(trained: Classifier, name: str) -> None:
    array = trained.artifact.tables[name]
    other = np.uint16 if array.itemsize == 1 else np.uint8
    tables = trained.artifact.tables | {name: np.frombuffer(array.tobytes(), dtype=other)}
    with pytest.raises(ValueError, match=f"{name} holds numbers of another size"):
        Kernel(tables)


def test_what_is_no_buffer_is_refused(made: Kernel) -> None:
    with pytest.raises(TypeError):
        made.score((b"", None), False, *answers(0))
    with pytest.raises(TypeError):
        made.score(["a"], False, answers(1)[0], None, *answers(1)[2:])
    with pytest.raises(ValueError, match="contiguous"):
        made.score(["a", "b"], False, *answers(2)[:3], np.zeros((2, 2), np.uint8)[:, 0], None)
    with pytest.raises(TypeError):
        made.score(["a", b"b"], False, *answers(2))
    with pytest.raises(UnicodeEncodeError):
        made.score(["a", "\ud800"], False, *answers(2))


def test_refusals_hold_on_to_nothing(trained: Classifier, made: Kernel) -> None:
    content, offsets, given = bytearray(b"abc"), np.array([0, 3]), answers(1)
    text, counts = "a text of its own".upper(), [np.zeros(1, np.int64), np.zeros(1, np.uint64)]
    before = [sys.getrefcount(it) for it in (text, content, offsets, *given, *counts)]
    for _ in range(10):
        with pytest.raises(ValueError, match="offsets"):
            made.score((content, offsets[::-1].copy()), False, *given)
        with pytest.raises(ValueError, match="wrong size"):
            made.score([text, text], False, *given)
        with pytest.raises(TypeError):
            made.score((content, offsets), False, given[0], None, *given[2:])
        with pytest.raises(ValueError, match="wrong size"):
            made.count([text, text], *counts)
        with pytest.raises(TypeError):
            made.count((content, offsets), counts[0], None)
        made.count((content, offsets), *counts)
        with pytest.raises(ValueError, match="missing"):
            Kernel({"text": given[3], "rows": given[1]})
        made.score((content, offsets), False, *given)
    assert [sys.getrefcount(it) for it in (text, content, offsets, *given, *counts)] == before
    content.clear()  # refused while a buffer of it is held


@pytest.mark.skipif(sys.version_info < (3, 12), reason="Python classes give no buffers yet")
def test_a_dictionary_that_changes_while_it_is_read_is_no_harm() -> None:
    tables: dict[str, Any] = {}

    class Hostile:
        def __buffer__(self, flags: int) -> memoryview:
            tables.clear()
            return memoryview(bytes(8))

    tables |= {f"{i}": Hostile() for i in range(30)}
    with pytest.raises(ValueError, match="missing"):
        Kernel(tables)


def test_hostile_texts_and_damaged_arrays_do_no_harm(tmp_path: Path) -> None:
    """Run `make fuzz` for a moment; the run of 10,000,000 is for whoever changes the kernel."""
    if not can_build(tmp_path):
        pytest.skip("the C compiler has no AddressSanitizer and UBSan: the kernel is not fuzzed")
    assert fuzz(tmp_path, 20_000) == 20_000 + 1_000
