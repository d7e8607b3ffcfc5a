"""A shipped graph that turns a batch into probabilities over its labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emoreport.errors import ModelError
from emoreport.models.runtimes.graphs import GraphSession
from emoreport.models.runtimes.opening import open_graph
from emoreport.models.runtimes.penultimate import OpenedGraph, with_features
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
        self._running = (runtime, device, threads)
        self._graph: Path | bytes = metadata.path
        self._running_session: GraphSession | None = None
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
            look_rule=metadata.look_rule,
        )

    @property
    def feature_width(self) -> int:
        """Numbers that `embedded` gives per input.

        Raises
        ------
        ModelError
            When the graph does not end in one linear layer.
        """
        return self._features.width

    @cached_property
    def _features(self) -> OpenedGraph:
        # Only who wants features pays for reading the graph once more.
        opened = with_features(self.metadata.path, self.metadata.output_name)
        self.release()
        self._graph = opened.content
        return opened

    def release(self) -> None:
        """Give back the memory of the graph; it is loaded again when it is asked."""
        self._running_session = None

    @property
    def _session(self) -> GraphSession:
        if self._running_session is None:
            self._running_session = self._opened(self._graph)
        return self._running_session

    def _opened(self, graph: Path | bytes) -> GraphSession:
        runtime, device, threads = self._running
        return open_graph(
            graph, runtime=runtime, device=device, threads=threads, file=self.metadata.path
        )

    def embedded(
        self, batch: FloatArray, further: Sequence[str] = ()
    ) -> tuple[FloatArray, FloatArray]:
        """What `probabilities` gives, and what the last layer saw: float32 (N, feature_width).

        Raises
        ------
        ModelError
            As for `probabilities`, and when the graph does not end in one linear layer.
        """
        name, width = self._features.features, self._features.width
        outputs = self._session.run(
            {self.metadata.input_name: batch}, [self.metadata.output_name, *further, name]
        )
        features = np.asarray(outputs[name], dtype=np.float32)
        if features.shape != (len(batch), width) or not np.isfinite(features).all():
            raise ModelError("models.output", shape=features.shape, file=self.metadata.path)
        return self._scored(outputs, len(batch), further), features

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
        return self._scored(outputs, len(batch), further)

    def _scored(
        self, outputs: Mapping[str, NDArray[Any]], count: int, further: Sequence[str]
    ) -> FloatArray:
        scores = np.asarray(outputs[self.metadata.output_name], dtype=np.float64)
        columns = [np.asarray(outputs[name], dtype=np.float32) for name in further]
        shapes = [scores.shape, *(column.shape for column in columns)]
        wanted = [(count, len(self.metadata.labels)), *[(count,)] * len(further)]
        if shapes != wanted or not np.isfinite(np.column_stack([scores, *columns])).all():
            raise ModelError("models.output", shape=shapes, file=self.metadata.path)
        return np.column_stack([softmax(scores / self.metadata.temperature), *columns])


def softmax(logits: DoubleArray) -> FloatArray:
    """Row-wise softmax; float (N, K) logits → float32 (N, K) probabilities."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    weights = np.exp(shifted)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float32)
