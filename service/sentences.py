"""Cut a text into sentences with exact code-point offsets; ``service.boundaries`` has the rules."""

import re

from service.boundaries import cut_sentences

# Nothing ends a sentence here but, perhaps, the last sign. Most texts of one sentence are like it,
# and most of their time would go into looking for boundaries.
_ONE_SENTENCE = re.compile(r"[\w ,'’\"“”()%-]*[.!?。！？]?")


def split_sentences(text: str, language: str) -> list[tuple[int, int]]:
    """Return the half-open span of each sentence, in order, without surrounding white space.

    Parameters
    ----------
    text : str
        Without lone surrogates.
    language : str
        ISO 639 code; one that the splitter does not know is treated by general rules.
    """
    if _ONE_SENTENCE.fullmatch(text):
        whole = text.strip()
        start = text.find(whole)
        return [(start, start + len(whole))] if whole else []
    return cut_sentences(text, language)
