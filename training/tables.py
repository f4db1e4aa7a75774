"""The trained model as arrays for the compiled kernel; see ``labels.kernel``."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from labels import kernel
from labels.lexicon import Lexicon
from training.train import TrainedModel


def kernel_tables(model: TrainedModel, lexicon: Lexicon) -> dict[str, NDArray[Any]]:
    """Return the kernel's arrays; none where the kernel is not built or not made for the model."""
    if not kernel.AVAILABLE:
        return {}
    from labels.kernel.tables import FamilyWeights, TablesError, build_tables

    union, classifier = model.pipeline["terms"], model.pipeline["labels"]
    families = {
        name: FamilyWeights(
            list(vectorizer.get_feature_names_out()),
            vectorizer.idf_,
            union.transformer_weights[name],
        )
        for name, vectorizer in union.transformer_list
    }
    decisions = classifier.estimators_
    try:
        return build_tables(
            lexicon,
            families,
            np.vstack([decision.coef_[0] for decision in decisions]).T,
            np.array([decision.intercept_[0] for decision in decisions]),
            model.min_known,
        )
    except TablesError:
        return {}
