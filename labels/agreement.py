"""How far readers agree: Cohen's kappa and Krippendorff's alpha.

Own code, since the well-known package for alpha is GPL; the tests hold it against the worked
examples of its author.
"""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from labels.sentences import LabelledSentence
from labels.taxonomy import Taxonomy


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement of two readers on one label in one language.

    ``n_differing`` counts sentences to which only one of them gave the label. Kappa and alpha are
    NaN where neither reader ever gave it.
    """

    lang: str
    label: str
    n_sentences: int
    n_given: int
    n_differing: int
    kappa: float
    alpha: float


def measure_agreement(sentences: Sequence[LabelledSentence], taxonomy: Taxonomy) -> list[Agreement]:
    """Return the agreement per language and label, then over all, on sentences read twice."""
    read_twice = [s for s in sentences if s.first is not None and s.second is not None]
    rows = []
    for lang in [*sorted({s.lang for s in read_twice}), "all"]:
        own = [s for s in read_twice if lang in (s.lang, "all")]
        for label in taxonomy.ids:
            first = [label in (s.first or ()) for s in own]
            second = [label in (s.second or ()) for s in own]
            rows.append(
                Agreement(
                    lang=lang,
                    label=label,
                    n_sentences=len(own),
                    n_given=sum(a or b for a, b in zip(first, second, strict=True)),
                    n_differing=sum(a != b for a, b in zip(first, second, strict=True)),
                    kappa=cohen_kappa(first, second),
                    alpha=krippendorff_alpha(list(zip(first, second, strict=True))),
                )
            )
    return rows


def cohen_kappa(first: Sequence[Hashable], second: Sequence[Hashable]) -> float:
    """Return Cohen's kappa of two readers; NaN if chance alone agrees always.

    References
    ----------
    Cohen (1960), "A coefficient of agreement for nominal scales".
    """
    n = len(first)
    if n == 0:
        return float("nan")
    observed = sum(a == b for a, b in zip(first, second, strict=True)) / n
    in_first, in_second = Counter(first), Counter(second)
    chance = sum(in_first[value] * in_second[value] for value in in_first) / n**2
    return float("nan") if chance == 1 else (observed - chance) / (1 - chance)


def krippendorff_alpha(units: Sequence[Sequence[Hashable | None]]) -> float:
    """Return Krippendorff's alpha for nominal values; NaN if all values are the same.

    Parameters
    ----------
    units : sequence of sequences
        For each unit the values that its readers gave, None where one gave none. A unit with
        fewer than two values does not count.

    References
    ----------
    Krippendorff (2011), "Computing Krippendorff's alpha-reliability".
    """
    totals: Counter[Hashable] = Counter()
    disagreement = 0.0
    for unit in units:
        values = Counter(value for value in unit if value is not None)
        n_values = values.total()
        if n_values < 2:
            continue
        totals.update(values)
        same = sum(count * (count - 1) for count in values.values())
        disagreement += (n_values * (n_values - 1) - same) / (n_values - 1)
    n = totals.total()
    by_chance = n * n - sum(count * count for count in totals.values())
    return 1 - (n - 1) * disagreement / by_chance if by_chance else float("nan")
