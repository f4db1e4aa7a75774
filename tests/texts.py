"""Texts that are easy to read wrongly, for everything that reads texts a second time."""

from hypothesis import strategies as st

from labels.lexicon import parse_lexicon

TRAPS = [
    "",
    "U.S. and U. S. A. and U.S.x and FU.S. and US and us and USA and EE. UU. and EE.UU.x and EUA",
    "US GO HOME",
    "THE US AND CHINA ΣΟΦΟΣ",
    "İstanbul İ",
    "e\u0301 café cafe\u0301 \u0130 한국 \u1112\u1161\u11ab",
    "中.国.A.威胁 中国威胁 中 国",
    "a.b.c. a.b x.y.z.w.",
    "中\ufada\ufadb国 \ufada.\ufadb. a.\ufada.b.c \ufada",
    "3.5,7 ² ²m m² ٣ ½ 1.",
    "\x1c\x1d\x1e\x1f\x85\xa0\u2000\u3000 blank",
    "? ! ？！ % _under_score_ a_b",
    "china Xi xi XI Xinhua latin america Latin America",
    "no evidence of a threat no threats threatened",
    "\U0001f1e8\U0001f1f3 flags \U0001f600 \ufe0f zero\u200bwidth",
    "x" * 5000,
    "the " * 3000,
    "\u0345\u1fb3 ᾼ ǅ ŉ ﬁ ß ẞ",
    "שלום עִבְרִית ไทย ้",
]
CHARACTERS = st.characters(exclude_categories=["Cs"])


WORDS = [
    "China",
    "Xi",
    "xi",
    "Belt",
    "and",
    "Road",
    "initiative",
    "Initiative",
    "US",
    "Washington",
    "Post",
    "Taiwan",
    "Taiwanese",
    "EU",
    "Eu",
    "cuba",
    "Latin",
    "America",
    "threat",
    "threats",
    "threatened",
    "no",
    "evidence",
    "of",
    "peace",
    "trade",
    "war",
    "warring",
    "th",
    "美国",
    "威胁",
    "的",
    ".",
    ",",
    "?",
    "U.S.",
    "3.5",
    "²",
    "İ",
    "Σ",
    "é",
    "_",
]
texts = st.one_of(
    st.text(CHARACTERS),
    st.lists(st.sampled_from(WORDS)).map(" ".join),
    st.lists(st.sampled_from([*WORDS, " ", "\t", "\u2003"])).map("".join),
)

TRICKY_LEXICON = parse_lexicon(
    {
        "sides": {
            "china": {"en": ["China", "Xi", "Belt and Road", "belt and road init*"]},
            "us": {"en": ["US", "Washington", "Belt and Road"], "zh": ["美国"]},
        },
        "third_parties": {"third": {"en": ["Taiwan*", "EU"]}, "cuba": {"en": ["cuba"]}},
        "nobody": {"en": ["Latin America", "Washington Post"]},
        "concepts": {
            "threat": {"en": ["threat*", "no threat", "trade war*"], "de": ["no"], "zh": ["威胁"]},
            "deny": {"en": ["no evidence", "threatened", "trade warr*"], "es": ["no threat"]},
            "praise": {"en": ["th*", "threats of", "threat* of peace"], "de": ["no threat of"]},
        },
    },
    "tricky",
)
"""Entries that meet each other: ties, beginnings, cases, names inside phrases."""
