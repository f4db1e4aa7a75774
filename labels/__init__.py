"""What the labels mean, which sentences have them, and how a text becomes terms.

Imports nothing of ours: ``training`` and ``service`` both stand on this package.
"""

from labels.sentences import LabelError, LabelledSentence, read_labelled_set, read_sentences
from labels.taxonomy import Label, Taxonomy, read_taxonomy

__all__ = [
    "Label",
    "LabelError",
    "LabelledSentence",
    "Taxonomy",
    "read_labelled_set",
    "read_sentences",
    "read_taxonomy",
]
