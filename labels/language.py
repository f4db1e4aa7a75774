"""Tell which language a text is written in, offline, with "not one of ours" as an answer."""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labels.identifier import LanguageIdentifier

UNDETERMINED = "und"


def identify(text: str, supported: tuple[str, ...]) -> str:
    """Return the ISO 639 code of the language of ``text``, without an artifact.

    One of ``supported``; or another code, if the text is certainly in that language (``zxx``: no
    language at all); or ``und`` if nothing can be told.
    """
    return _packaged(supported).identify(text)


@cache
def _packaged(supported: tuple[str, ...]) -> "LanguageIdentifier":
    # A service identifies by the arrays of its artifact, and starts without this.
    from labels.identifier import LanguageIdentifier, build_identifier

    return LanguageIdentifier(*build_identifier(supported))
