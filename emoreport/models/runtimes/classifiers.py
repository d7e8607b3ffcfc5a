"""A shipped graph that turns a batch into probabilities over its labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from emoreport.errors import ModelError
from emoreport.models.runtimes.opening import open_graph
from emoreport.models.store.model_metadata import ModelMetadata
from emoreport.records import DoubleArray, FloatArray, ModelRecord


class OnnxNetwork:
    """One graph with one float32 input and a float32 output of logits, among others or alone.

    Parameters
    ----------
    metadata
        Which file, which tensors, which labels.
    threads
        Threads inside one run; 0 lets the runtime choose.
    runtime, device
        As for `open_graph`.
    reason
        Why this model was chosen, for run.json.

    Raises
    ------
    ModelError
        When the graph cannot be loaded or lacks the tensors that its metadata names.
    """

    def __init__(
        self,
        metadata: ModelMetadata,
        *,
        threads: int = 0,
        runtime: str = "auto",
        device: str = "auto",
        reason: str = "",
    ) -> None:
        self.metadata = metadata
        self._session = open_graph(metadata.path, runtime=runtime, device=device, threads=threads)
        inputs, outputs = self._session.inputs, self._session.outputs
        if set(inputs) != {metadata.input_name} or metadata.output_name not in outputs:
            raise ModelError(
                "models.graph_ends",
                inputs=sorted(inputs),
                outputs=sorted(outputs),
                file=metadata.path,
            )
        width = outputs[metadata.output_name].shape[-1]
        if width is not None and width != len(metadata.labels):
            raise ModelError(
                "models.graph_classes", width=width, count=len(metadata.labels), file=metadata.path
            )
        self.outputs = tuple(outputs)
        self.labels = metadata.labels
        self.record = ModelRecord(
            name=metadata.name,
            kind=metadata.kind,
            version=metadata.version,
            labels=metadata.labels,
            files=metadata.files,
            runtime=self._session.runtime,
            device=self._session.device,
            licence=metadata.licence,
            reason=reason,
            head_limits=metadata.head_limits,
            precision=metadata.precision,
        )

    def probabilities(self, batch: FloatArray, further: Sequence[str] = ()) -> FloatArray:
        """Run the graph and turn its logits into probabilities.

        Parameters
        ----------
        batch
            float32, the shape that the graph expects, first axis N.
        further
            Names of outputs of shape (N,) to read as well (F).

        Returns
        -------
        float32 (N, K + F): probabilities, which sum to 1, then the further outputs.

        Raises
        ------
        ModelError
            When the run fails or gives something other than finite numbers of these shapes.
        """
        logits = self.metadata.output_name
        outputs = self._session.run({self.metadata.input_name: batch}, [logits, *further])
        scores = np.asarray(outputs[logits], dtype=np.float64)
        columns = [np.asarray(outputs[name], dtype=np.float32) for name in further]
        shapes = [scores.shape, *(column.shape for column in columns)]
        wanted = [(len(batch), len(self.metadata.labels)), *[(len(batch),)] * len(further)]
        if shapes != wanted or not np.isfinite(np.column_stack([scores, *columns])).all():
            raise ModelError("models.output", shape=shapes, file=self.metadata.path)
        return np.column_stack([softmax(scores / self.metadata.temperature), *columns])


def softmax(logits: DoubleArray) -> FloatArray:
    """Row-wise softmax; float (N, K) logits → float32 (N, K) probabilities."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    weights = np.exp(shifted)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float32)
