"""Encodings of the files that people have: UTF-8, or what their spreadsheet wrote before it.

Called by all that read csv, tsv and txt files, and by ``service.extract``.
"""

from pathlib import Path

DEFAULT = "utf-8"

SAMPLE_BYTES = 100_000
_LINE_BYTES = 1_000_000

_MARKS = (
    (b"\xef\xbb\xbf", DEFAULT),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_LEGACY = ["cp1252", "gb18030", "big5"]
"""What is neither marked nor UTF-8, in our languages."""


def check_encoding(name: str) -> str:
    """Return the codec for an encoding that a user named; that of UTF-8 leaves out a mark.

    Raises
    ------
    ValueError
        If there is no such encoding of text.
    """
    try:
        "".encode(name)
    except (LookupError, ValueError):
        raise ValueError(
            f"--encoding {name!r}: unknown; expected a name like utf-8, cp1252, latin-1, utf-16"
        ) from None
    return "utf-8-sig" if is_utf8(name) else name


def is_utf8(name: str) -> bool:
    """Tell whether this is a name of UTF-8, with or without a mark."""
    return name.lower().replace("_", "-") in ("utf-8", "utf8", "utf-8-sig")


def marked_encoding(content: bytes) -> str | None:
    """Return the encoding that a byte order mark tells, None without one."""
    return next((name for mark, name in _MARKS if content.startswith(mark)), None)


def likely_encoding(content: bytes) -> str | None:
    """Return the likeliest encoding of what is neither marked nor UTF-8, None if none fits."""
    from charset_normalizer import from_bytes

    best = from_bytes(content[:SAMPLE_BYTES], cp_isolation=_LEGACY).best()
    return best.encoding if best else None


def guess_encoding(path: Path) -> str:
    """Return the likely encoding of a file of lines, ``utf-8`` if nothing speaks against it.

    It is UTF-8 if most lines with more than ASCII are, even if some are broken.
    """
    n_valid = n_broken = 0
    sample = b""
    with path.open("rb") as file:
        if marked := marked_encoding(file.read(4)):
            return marked
        file.seek(0)
        while line := file.readline(_LINE_BYTES):
            if line.isascii():
                continue
            try:
                line.decode()
                n_valid += 1
            except UnicodeDecodeError:
                n_broken += 1
                if len(sample) < SAMPLE_BYTES:
                    sample += line
    return likely_encoding(sample) or DEFAULT if n_broken > n_valid else DEFAULT


def encoding_hint(path: Path) -> str:
    """Return what to do with a file that is not UTF-8, for the end of a message."""
    guessed = guess_encoding(path)
    likely = "" if is_utf8(guessed) else f"; it is likely to be {guessed}: --encoding {guessed}"
    return likely or "; name its encoding with --encoding, or save it as UTF-8"
