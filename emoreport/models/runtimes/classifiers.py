"""A shipped graph that turns a batch into probabilities over its labels."""

from __future__ import annotations

import numpy as np

from emoreport.errors import ModelError
from emoreport.models.runtimes.opening import open_graph
from emoreport.models.store.model_metadata import ModelMetadata
from emoreport.records import DoubleArray, FloatArray, ModelRecord


class OnnxNetwork:
    """One graph with one float32 input and one float32 output of logits.

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
                f"the graph has inputs {sorted(inputs)} and outputs {sorted(outputs)}",
                remedy="the file does not fit its description",
                file=metadata.path,
            )
        width = outputs[metadata.output_name].shape[-1]
        if width is not None and width != len(metadata.labels):
            raise ModelError(
                f"the graph gives {width} classes for {len(metadata.labels)} labels",
                remedy="the file does not fit its description",
                file=metadata.path,
            )
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
        )

    def probabilities(self, batch: FloatArray) -> FloatArray:
        """Run the graph and turn its logits into probabilities.

        Parameters
        ----------
        batch
            float32, the shape that the graph expects, first axis N.

        Returns
        -------
        float32 (N, K); rows sum to 1.

        Raises
        ------
        ModelError
            When the run fails or gives something other than finite (N, K) logits.
        """
        output = self.metadata.output_name
        logits = self._session.run({self.metadata.input_name: batch}, [output])[output]
        scores = np.asarray(logits, dtype=np.float64)
        if scores.shape != (len(batch), len(self.metadata.labels)) or not np.isfinite(scores).all():
            raise ModelError(
                f"inference gave unusable output of shape {scores.shape}", file=self.metadata.path
            )
        return softmax(scores / self.metadata.temperature)


def softmax(logits: DoubleArray) -> FloatArray:
    """Row-wise softmax; float (N, K) logits → float32 (N, K) probabilities."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    weights = np.exp(shifted)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float32)
