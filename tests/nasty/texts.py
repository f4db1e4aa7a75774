"""Texts that have broken text processors: each function returns one of about ``n`` code points."""

import random
import sys
import unicodedata
from collections.abc import Callable

SENTENCE = "The Chinese port brings jobs, the minister said. Washington only sends warnings. "


def _repeated(piece: str) -> Callable[[int], str]:
    return lambda n: (piece * (n // len(piece) + 1))[:n]


def _every_code_point(n: int) -> str:
    """Return each assigned code point once, or every so many of them."""
    points = [
        c
        for c in map(chr, range(sys.maxunicode + 1))
        if unicodedata.category(c) not in ("Cn", "Cs")
    ]
    return "".join(points[:: max(1, -(-len(points) // n))])


def _random_code_points(n: int) -> str:
    dice = random.Random(20)  # noqa: S311 (not for secrets)
    return "".join(
        chr(dice.choice([dice.randrange(0xD800), dice.randrange(0xE000, 0x110000)]))
        for _ in range(n)
    )


def _nested_quotes(n: int) -> str:
    return "“" * (n // 2) + "port" + "”" * (n // 2 - 4)


def _all_different_words(n: int) -> str:
    return " ".join(f"w{number:x}ort" for number in range(n // 9))


TEXTS: dict[str, Callable[[int], str]] = {
    "ordinary prose": _repeated(SENTENCE),
    "no space": _repeated("a"),
    "no space, capitals": _repeated("U"),
    "no space, digits": _repeated("7"),
    "one sentence": _repeated("China warns and Washington threatens the port of China "),
    "different words": _all_different_words,
    "only line breaks": _repeated("\n"),
    "line breaks and a word": lambda n: "\n" * (n - 4) + "port",
    "every kind of line break": _repeated("a\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029"),
    "every kind of white space": _repeated("a\t\u00a0\u1680\u2000\u2009\u202f\u205f\u3000"),
    "one word a line": _repeated("China\n"),
    "a letter a line": _repeated("a\nb\n"),
    "paragraphs": _repeated("China.\n\n"),
    "full stops": _repeated("."),
    "full stops and blanks": _repeated(". "),
    "questions": _repeated("?!"),
    "abbreviations": _repeated("Dr. U.S. e.g. Mr. "),
    "initials": _repeated("A. "),
    "dotted word": _repeated("U.S."),
    "dots within words": _repeated("a.b"),
    "counters": _repeated("1. "),
    "bullets": _repeated("\n- a"),
    "decimal numbers": _repeated("1.5, 2,000.50 "),
    "open quotes": _repeated("“"),
    "nested quotes": _nested_quotes,
    "quoted sentences": _repeated("“Yes.” "),
    "apostrophes": _repeated("d'l'"),
    "hyphens": _repeated("a-"),
    "brackets": _repeated("(["),
    "null bytes": _repeated("\x00"),
    "null bytes between": _repeated("China\x00port\x00"),
    "control characters": _repeated("".join(map(chr, [*range(32), *range(127, 160)])) + "a"),
    "byte order marks": _repeated("\ufeffChina "),
    "replacement characters": _repeated("\ufffd"),
    "noncharacters": _repeated("\ufffe\uffff\U0001fffe\U0010ffff\ufdd0"),
    "private use": _repeated("\ue000\U000f0000"),
    "combining flood": lambda n: "e" + "\u0301" * (n - 1),
    "combining flood, many classes": lambda n: "a" + ("\u0316\u0301\u0327\u0345" * n)[: n - 1],
    "combining flood, words": _repeated("C" + "\u0301\u0323" * 50 + " "),
    "combining marks alone": _repeated("\u0301"),
    "decomposed letters": _repeated("e\u0301a\u0308n\u0303 "),
    "decomposed syllables": _repeated("\u1112\u1161\u11ab"),
    "compatibility ligature": _repeated("\ufdfa"),
    "ligatures": _repeated("ﬁﬂﬃĳ"),
    "mathematical letters": _repeated("𝐂𝐡𝐢𝐧𝐚 "),
    "full-width letters": _repeated("Ｃｈｉｎａ　"),
    "dotted capital I": _repeated("İI"),
    "sharp s": _repeated("ẞß"),
    "final sigma": _repeated("ΑΣ "),
    "zero width": _repeated("C\u200bh\u200ci\u200dn\u2060a\ufeff "),
    "soft hyphens": _repeated("Chi\u00adna "),
    "right-to-left overrides": _repeated("\u202eanihC\u202c "),
    "bidi isolates never closed": _repeated("\u2066\u2067\u2068"),
    "arabic": _repeated("قال الوزير إن الصين صديقة. "),
    "hebrew and latin": _repeated("סין China אמרה. "),
    "chinese": _repeated("中国港口带来就业。"),
    "chinese, no full stop": _repeated("中国"),
    "japanese": _repeated("中国は港を作った。"),
    "thai": _repeated("จีนสร้างท่าเรือ"),
    "emoji": _repeated("😀"),
    "emoji families": _repeated("👨‍👩‍👧‍👦"),
    "emoji skin tones": _repeated("👍🏿"),
    "flags": _repeated("🇨🇳🇺🇸"),
    "half flags": _repeated("🇨"),
    "tag flags": _repeated("🏴\U000e0067\U000e0062\U000e007f"),
    "variation selectors": _repeated("a\ufe0f\U000e0100"),
    "keycaps": _repeated("1\ufe0f\u20e3"),
    "html": _repeated('<p onclick="x()">China &amp; co.</p>'),
    "script": _repeated("<script>alert('China')</script>"),
    "unclosed tags": _repeated("<a"),
    "template and query": _repeated("{{7*7}} ${jndi:ldap://x} ' OR 1=1; -- "),
    "terminal escapes": _repeated("\x1b[31mChina\x1b]0;port\x07"),
    "printf": _repeated("%s%n%x{0}{}"),
    "spreadsheet formulas": _repeated('=HYPERLINK("x","China")\n+1\n-1\n@SUM(A1)\n'),
    "addresses": _repeated("https://a.b/c?d=e.f "),
    "one long address": lambda n: "https://" + "a." * (n // 2 - 4),
    "every code point": _every_code_point,
    "random code points": _random_code_points,
}
