"""Count labels over a column of dates or sources, for the chart of a scored file.

Called by ``service.job_process``, row by row.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Literal

MOST_VALUES = 20
MOST_CHARACTERS = 100
"""Of a value, in code points; a longer one is a text and no name of a group."""

DATES_NEEDED = 0.9
"""Share of the rows with a value that must be dates for the column to be one of dates."""

_YEAR_FIRST = re.compile(r"(\d{4})[-/.](\d{1,2})(?:[-/.]\d{1,2})?(?:$|[T ])")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMED = re.compile(rf"(?:\w+, )?\d{{1,2}} ({'|'.join(_MONTHS)})[a-z]* (\d{{4}})\b", re.IGNORECASE)
_YEAR_LAST = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})(?:$|[T ,])")


class GroupCounts:
    """Rows, and rows with each label, per value of a column."""

    def __init__(self, labels: Sequence[str]) -> None:
        self._labels = labels
        self._counts: dict[str, list[int]] = {}

    def add(self, value: object, given: Iterable[str]) -> None:
        """Count one row with the labels that it was given."""
        key = "" if value is None else str(value).strip()[:MOST_CHARACTERS]
        _add(self._counts, key, [1, *(label in given for label in self._labels)])

    def chart(self) -> tuple[Literal["month", "value"], list[dict[str, Any]]]:
        """Return the groups as ``ChartGroup``: months in order, or the most frequent values."""
        month_of = _months(self._counts)
        with_value = sum(counts[0] for value, counts in self._counts.items() if value)
        dated = sum(self._counts[value][0] for value in month_of)
        if not with_value or dated < DATES_NEEDED * with_value:
            ranked = sorted(self._counts.items(), key=lambda item: (-item[1][0], item[0]))
            return "value", [self._group(*item) for item in ranked[:MOST_VALUES]]
        months: dict[str, list[int]] = {}
        for value, counts in self._counts.items():
            _add(months, month_of.get(value, ""), counts)
        return "month", [self._group(*item) for item in sorted(months.items())]

    def _group(self, name: str, counts: list[int]) -> dict[str, Any]:
        rows, *per_label = counts
        return {
            "group": name,
            "rows": rows,
            "counts": dict(zip(self._labels, per_label, strict=True)),
        }


def _add(groups: dict[str, list[int]], name: str, counts: Sequence[int]) -> None:
    before = groups.get(name) or [0] * len(counts)
    groups[name] = [old + new for old, new in zip(before, counts, strict=True)]


def _months(values: Iterable[str]) -> dict[str, str]:
    """Return the month, as 2024-05, of every value that is a date.

    04/05/2024 is 4 May unless a day beyond 12 in the same column shows that months come first.
    """
    year_last = {value: found for value in values if (found := _YEAR_LAST.match(value))}
    is_month_first = any(int(found[3]) > 12 for found in year_last.values())
    months = {}
    for value in values:
        if found := _YEAR_FIRST.match(value):
            year, month = int(found[1]), int(found[2])
        elif found := year_last.get(value):
            year, month = int(found[4]), int(found[1] if is_month_first else found[3])
        elif found := _NAMED.match(value):
            year, month = int(found[2]), _MONTHS.index(found[1].lower()) + 1
        else:
            continue
        if 1 <= month <= 12 and year >= 1:
            months[value] = f"{date(year, month, 1):%Y-%m}"
    return months
