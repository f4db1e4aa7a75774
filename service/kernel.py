"""Answer one text by the compiled kernel, in Python's own objects and without numpy.

Arrays for the few sentences of a text take longer than the sentences; ``service.compiled`` has
them for many. What the kernel does is told in ``labels.kernel``.
"""

from array import array

from labels.world import REASONS
from service.artifact import TABLES, Artifact, ArtifactError
from service.prediction import Judgement


class TextKernel:
    """The kernel under one artifact; safe to share by threads, which it lets run.

    ``about`` is, for each label, a bit for each of the model's names whom the label is about.

    Raises
    ------
    ArtifactError
        If its arrays are not sound.
    """

    def __init__(self, artifact: Artifact) -> None:
        # Here, so that this module can be imported where the kernel is not built.
        from labels.kernel._kernel import Kernel

        try:
            self.kernel = Kernel(artifact.tables | artifact.language)
        except ValueError as error:
            raise ArtifactError(f"{artifact.path / TABLES}: {error}; train again") from error
        labels = artifact.taxonomy.labels
        bits = {name: 1 << i for i, name in enumerate(artifact.names)}
        self.about = array("Q", [sum(bits[name] for name in label.about) for label in labels])
        self._rule = (
            artifact.taxonomy.ids,
            REASONS,
            self.about,
            array("d", artifact.thresholds),
            array("d", [bound for bounds in artifact.uncertain for bound in bounds]),
            artifact.taxonomy.is_multi_label,
        )

    def judge(self, sentences: list[str], is_supported: bool) -> list[Judgement] | None:
        """Return what is decided for each sentence; None if one of them must be read by Python.

        ``is_supported`` tells whether labels are given in their language.
        """
        return self.kernel.answer(sentences, is_supported, *self._rule)

    def identify(self, text: str) -> int:
        """Return the number of the language of a text; ``ONLY_PYTHON`` if only Python can tell."""
        return self.kernel.language(text)
