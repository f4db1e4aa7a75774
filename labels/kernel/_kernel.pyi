# What module.c offers, see the C files; buffers are anything that gives one: arrays, bytes, maps.
from typing import Any

class Kernel:
    def __new__(cls, tables: dict[str, Any]) -> Kernel: ...
    def score(
        self,
        texts: Any,
        is_composed: bool,
        about: Any,
        scores: Any,
        known: Any,
        outside: Any,
        possible: Any,
        most_bytes: int = ...,
        /,
    ) -> int: ...
    def count(
        self, texts: Any, n_terms: Any, named: Any, /
    ) -> tuple[bytes, bytes, bytes, bytes]: ...
    def identify(self, texts: Any, languages: Any, /) -> int: ...
    def language(self, text: str, /) -> int: ...
    def answer(
        self,
        sentences: list[str],
        is_supported: bool,
        ids: tuple[str, ...],
        reasons: tuple[Any, ...],
        about: Any,
        thresholds: Any,
        bounds: Any,
        is_multi_label: bool,
        /,
    ) -> list[Any] | None: ...

def decide(
    is_multi_label: bool,
    thresholds: Any,
    bounds: Any,
    scores: Any,
    possible: Any,
    is_supported: Any,
    given: Any,
    uncertain: Any,
    reasons: Any,
    /,
) -> None: ...
def make_keys(space: int, texts: list[str]) -> bytes: ...
def make_pair_keys(pairs: bytes) -> bytes: ...
def make_hash_table(keys: bytes) -> bytes: ...
