"""The weights of a model: ``weights.npz`` of an artifact, plain arrays, parsed and checked.

Called by ``service.artifact``; the format is defined in ``training/artifact.py``.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray


class WeightsError(ValueError):
    """Content that is no weights, or whose arrays do not fit each other."""


@dataclass(frozen=True, slots=True)
class Block:
    """One family of terms in column order; its l2-normalised vector is multiplied by ``weight``."""

    terms: tuple[str, ...]
    idf: NDArray[np.float64]
    weight: float


@dataclass(frozen=True, slots=True)
class Weights:
    """The families of terms in column order, coefficients of shape (n_terms in all families,
    n_labels) and intercepts of shape (n_labels,).
    """

    blocks: dict[str, Block]
    coefficients: NDArray[np.float64]
    intercepts: NDArray[np.float64]

    def of_terms(self) -> tuple[list[str], NDArray[np.float64]]:
        """Return all terms, and what one occurrence adds to each logit before normalisation.

        The weights are of shape (n_terms, n_labels).
        """
        blocks = self.blocks.values()
        scale = np.concatenate([block.weight * block.idf for block in blocks])
        return [term for b in blocks for term in b.terms], self.coefficients * scale[:, None]


def parse_weights(content: memoryview, weight_of: Mapping[str, float]) -> Weights:
    """Return the weights of the families in ``weight_of``, each with the weight given there.

    Raises
    ------
    WeightsError
        Saying what is wrong.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            coefficients = arrays["coefficients"].astype(np.float64)
            intercepts = arrays["intercepts"].astype(np.float64)
            blocks = {
                block: Block(
                    tuple(arrays[f"{block}_terms"].tobytes().decode().split("\n")),
                    arrays[f"{block}_idf"].astype(np.float64),
                    weight_of[block],
                )
                for block in weight_of
            }
    except (KeyError, ValueError, OSError, BadZipFile) as error:
        raise WeightsError(f"cannot be read as weights ({error})") from error
    n_terms = sum(len(block.terms) for block in blocks.values())
    if any(block.idf.shape != (len(block.terms),) for block in blocks.values()):
        raise WeightsError("terms and idf differ in number")
    if coefficients.ndim != 2 or coefficients.shape[0] != n_terms:
        raise WeightsError(f"coefficients of shape {coefficients.shape} for {n_terms} terms")
    if intercepts.shape != (coefficients.shape[1],):
        raise WeightsError(f"intercepts of shape {intercepts.shape}")
    if not (np.isfinite(coefficients).all() and np.isfinite(intercepts).all()):
        raise WeightsError("holds numbers that are not finite")
    return Weights(blocks, coefficients, intercepts)
