"""The unfitted parts of the model: TF-IDF of families of terms, one regression per label."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import FeatureUnion

from labels.lexicon import Lexicon
from labels.terms import FAMILIES, Analyzer
from training.config import TrainingConfig


def build_vectorizer(config: TrainingConfig, lexicon: Lexicon) -> FeatureUnion:
    """Return the unfitted union of one block per family of terms.

    The analyzers are the code of ``labels.terms``, so that a stored pipeline and the service
    cannot cut a sentence differently.
    """
    weights = config.families_for(lexicon)
    return FeatureUnion(
        [
            (
                family,
                TfidfVectorizer(
                    analyzer=Analyzer(family, lexicon), sublinear_tf=True, min_df=config.min_df
                ),
            )
            for family in FAMILIES
            if family in weights
        ],
        transformer_weights=weights,
    )


class PerLabelClassifier(OneVsRestClassifier):  # type: ignore[misc]  # no types in scikit-learn
    """One decision per label, one column per label, also where there is a single label.

    scikit-learn takes a single column for a two-class problem and would add a column for "not".
    """

    def predict_proba(self, X: csr_matrix) -> NDArray[np.float64]:
        """Return the probability of each label, of shape (n_sentences, n_labels)."""
        return np.column_stack([label.predict_proba(X)[:, 1] for label in self.estimators_])


def build_classifier(config: TrainingConfig) -> PerLabelClassifier:
    """Return one unfitted logistic regression per label.

    liblinear, because its weights rounded to float32 are the same bytes over BLAS threads, CPU
    kernels and hash seeds (lbfgs at a tolerance of 1e-10 was not); dual, because it is the faster
    form when there are more terms than sentences.
    """
    return PerLabelClassifier(
        LogisticRegression(
            C=config.C,
            solver="liblinear",
            dual=True,
            tol=config.tolerance,
            max_iter=config.max_iter,
            random_state=config.seed,
        )
    )
