"""ONNX Runtime behind a small wrapper: one input, one output, the provider stated."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from emoreport.errors import ModelError
from emoreport.models.metadata import ModelMetadata
from emoreport.records import DoubleArray, FloatArray, ModelRecord


class OnnxNetwork:
    """One ONNX graph with one float32 input and one float32 output, run on the CPU.

    Parameters
    ----------
    metadata
        Which file, which tensors, which labels.
    threads
        Threads inside one run; 0 lets ONNX Runtime choose.

    Raises
    ------
    ModelError
        When the graph cannot be loaded or lacks the tensors that its metadata names.
    """

    def __init__(self, metadata: ModelMetadata, *, threads: int = 0) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Idle threads that spin take the processor from the decoder and the detector.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self.metadata = metadata
        try:
            self._session = onnxruntime.InferenceSession(
                str(metadata.path), sess_options=options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # ONNX Runtime's errors have no common base of their own
            raise _cannot_load(metadata.path, error) from error
        inputs = {tensor.name for tensor in self._session.get_inputs()}
        outputs = {tensor.name: tensor.shape for tensor in self._session.get_outputs()}
        if inputs != {metadata.input_name} or metadata.output_name not in outputs:
            raise ModelError(
                f"the graph has inputs {sorted(inputs)} and outputs {sorted(outputs)}",
                remedy="the file does not fit its description",
                file=metadata.path,
            )
        width = outputs[metadata.output_name][-1]
        if isinstance(width, int) and width != len(metadata.labels):
            raise ModelError(
                f"the graph gives {width} classes for {len(metadata.labels)} labels",
                remedy="the file does not fit its description",
                file=metadata.path,
            )
        self.runtime = f"onnxruntime {onnxruntime.__version__}"
        provider = self._session.get_providers()[0]
        self.device = "cpu" if provider == "CPUExecutionProvider" else provider

    def record(self, reason: str = "") -> ModelRecord:
        """What run.json says of the model; `reason` tells why this one was chosen."""
        return ModelRecord(
            name=self.metadata.name,
            kind=self.metadata.kind,
            version=self.metadata.version,
            labels=self.metadata.labels,
            files=self.metadata.files,
            runtime=self.runtime,
            device=self.device,
            licence=self.metadata.licence,
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
        try:
            (logits,) = self._session.run(
                [self.metadata.output_name], {self.metadata.input_name: batch}
            )
        except Exception as error:  # as above
            raise ModelError(
                f"inference failed ({error})", remedy="report the input", file=self.metadata.path
            ) from error
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


def _cannot_load(path: Path, error: Exception) -> ModelError:
    return ModelError(f"cannot be loaded ({error})", remedy="get the file again", file=path)
