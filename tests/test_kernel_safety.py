"""No text, array or caller makes the kernel leave its memory."""

from typing import Any

import numpy as np
import pytest

from labels import kernel
from service.classifier import Classifier

if not kernel.AVAILABLE:
    pytest.skip("the kernel is not built: there was no C compiler", allow_module_level=True)

from labels.kernel._kernel import Kernel, make_hash_table, make_pair_keys


@pytest.fixture(scope="module")
def made(trained: Classifier) -> Kernel:
    return Kernel(trained.artifact.tables | trained.artifact.language)


def answers(n: int, n_labels: int = 3) -> list[Any]:
    return [np.zeros((n, n_labels)), np.zeros(n), np.zeros(n, np.uint8), np.zeros(n, np.uint64)]


def score(made: Kernel, content: Any, offsets: Any) -> int:
    """Return what the kernel says of the first of the texts."""
    given = answers(len(offsets) - 1)
    made.score((content, offsets), False, *given)
    return int(given[2][0])


def test_a_single_word_cannot_stand_for_a_phrase(trained: Classifier) -> None:
    tables = dict(trained.artifact.tables)
    phrase = int(np.flatnonzero(tables["entries"][:, 1] > 1)[0])
    tables["single_entries"] = np.full_like(tables["single_entries"], phrase)
    with pytest.raises(ValueError, match="single_entries holds a phrase"):
        Kernel(tables)


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
