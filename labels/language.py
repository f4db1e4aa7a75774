"""Tell which language a text is written in, offline, with "not one of ours" as an answer."""

import io
from functools import cache
from types import SimpleNamespace

import numpy as np
from py3langid import modelio
from py3langid.langid import MODEL_FILE, LanguageIdentifier

UNDETERMINED = "und"
SAMPLE_CHARACTERS = 1000
"""Code points that are looked at: more changes no answer and costs time."""

GLANCE_CHARACTERS = 60
GLANCE_CERTAIN = 0.8
GLANCE_LIMIT = 400
"""A text of up to 400 code points is first looked at by its beginning.

Of 9,565 labelled sentences, 86 % are certain after 60 code points, none of them wrongly, at half
the cost. A longer text may begin with a headline in another language and is looked at whole.
"""

CERTAIN = 0.5
"""From this probability on, a language we do not support is believed.

Below it the best supported language is taken, since short and formulaic sentences are often
given to a relative (Galician for Spanish, Nigerian Pidgin for English).
"""

GUESS = 0.05
"""Below this probability even the best supported language is a guess: ``und``."""

_SAME_AS = {"wuu": "zh", "yue": "zh"}
# Neighbours and scripts that our six could be mistaken for. All 139 cost more a sentence
# and change no answer on the languages people send (tests/test_labels_language.py).
_KNOWN = (  # noqa: SIM905 (sixty quoted codes are harder to read)
    "en es pt de fr zh wuu yue "
    "it ca gl oc ro la eu ht qu nl da sv no fi is lb pl cs sk sl hr hu "
    "lt lv et sq el tr ru uk bg sr mk ja ko vi th id "
    "ms tl sw af ar fa ur he hi bn ta eo zxx"
).split()


@cache
def _identifier() -> LanguageIdentifier:
    identifier = _read_model()
    identifier.set_languages(_KNOWN)
    # Half-precision columns out of a larger table: as rows of floats they are read 3 times as fast.
    identifier.nb_ptc = np.ascontiguousarray(identifier.nb_ptc, dtype=np.float32)
    return identifier


def _read_model() -> LanguageIdentifier:
    """Read the model that py3langid ships, also where no directory can be written."""
    try:
        return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    except FileNotFoundError as error:
        if error.filename is not None:
            raise
        # py3langid 0.4 unpacks its model to a temporary file. On a read-only file system there is
        # no place for one, so it is given memory; to be removed when it reads from memory itself.
        modelio.tempfile = SimpleNamespace(TemporaryFile=lambda suffix: io.BytesIO())
        return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def load() -> None:
    """Load the identifier's model now (under a second) instead of at the first text."""
    _identifier()


def identify(text: str, supported: tuple[str, ...]) -> str:
    """Return the ISO 639 code of the language of ``text``.

    One of ``supported``; or another code, if the text is certainly in that language (``zxx``: no
    language at all); or ``und`` if nothing can be told.
    """
    code: str
    if len(text) <= GLANCE_LIMIT:
        code, probability = _identifier().classify(text[:GLANCE_CHARACTERS])
        code = _SAME_AS.get(code, code)
        if code in supported and probability >= GLANCE_CERTAIN:
            return code
    sample = text[:SAMPLE_CHARACTERS]
    code, probability = _identifier().classify(sample)
    code = _SAME_AS.get(code, code)
    if (code in supported and probability >= GUESS) or probability >= CERTAIN:
        return code
    for code, probability in _identifier().rank(sample):
        code = _SAME_AS.get(code, code)
        if code in supported:
            return code if probability >= GUESS else UNDETERMINED
    return UNDETERMINED
