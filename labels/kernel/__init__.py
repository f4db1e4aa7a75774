"""The compiled reader and scorer: what ``labels.terms`` and ``service.scorer`` say, in C.

``tables.py`` turns a lexicon and weights into plain arrays; the C files work on these alone:

``tables.c``
    Checks the arrays before the first score, so that a damaged one is refused.
``reading.c``
    Text to items: characters and tokens.
``matching.c``
    Which of the tokens are names or belong to concept classes.
``terms.c``
    Items to keys of terms, family by family.
``spell.c``
    Items to what the terms are called, by the code of ``terms.c``.
``count.c``
    Keys to numbers of terms, for training.
``score.c``
    Keys to rows, counts, norms, logits.
``decide.c``
    Scores to labels.
``language.c``
    Which language a text is in.
``serving.c``, ``answer.c``, ``training.c``
    What Python calls, for many texts at a time, for one, and for training.
``module.c``, ``arguments.c``
    The Python module, and what it is given.

Python stays the definition: ``tests/test_kernel.py`` holds both equal. The kernel is optional: on a
machine without a C compiler it is not built, ``AVAILABLE`` is false, and Python reads and scores.
"""

try:
    import labels.kernel._kernel  # noqa: F401

    AVAILABLE = True
except ImportError:
    AVAILABLE = False

NEEDS_PYTHON = 255
"""The number for a text that only Python can read: its small letters depend on context."""

ONLY_PYTHON = -2
"""The number for a text whose language only Python can tell, for the same reason."""

LEFT_TO_PYTHON = -1
"""The count of terms of a text that only Python can read."""
