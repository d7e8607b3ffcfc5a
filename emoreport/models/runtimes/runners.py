"""Run a voice network: in torch itself, or as an exported graph in another runtime."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from emoreport.errors import ModelError
from emoreport.models.runtimes.forms import BFLOAT16, FLOAT32, INT8, Form
from emoreport.models.runtimes.graphs import GraphSession
from emoreport.models.runtimes.opening import open_graph
from emoreport.records import FloatArray

LOGITS: Final = "logits"
INSTALL: Final = "install_full"

Feeds = Mapping[str, NDArray[Any]]
"""Inputs of a network by name, in its order: first the sound, (N, …, T); then, where the network
takes clips that are padded, how much of each is its own, int64 (N,)."""


class Runner(Protocol):
    """Runs batches; `runtime` and `device` say what really does it, for run.json."""

    runtime: str
    device: str

    def logits(self, feeds: Feeds) -> FloatArray:
        """Inputs of N clips → logits float32 (N, K).

        Raises
        ------
        ModelError
            When inference fails.
        """
        ...

    def embed(self, feeds: Feeds, layer: int | None) -> tuple[FloatArray, FloatArray]:
        """What `logits` gives, and features float32 (N, `feature_width`).

        Parameters
        ----------
        feeds
            As for `logits`.
        layer
            The mean over time of this hidden layer; None for what the last layer sees.

        Raises
        ------
        ModelError
            When inference fails, or this form of the network gives no features.
        """
        ...

    def feature_width(self, layer: int | None) -> int:
        """Numbers that `embed` gives per clip.

        Raises
        ------
        ModelError
            When there is no such layer, or this form of the network gives no features.
        """
        ...


class TorchRunner:
    """A network in torch.

    Parameters
    ----------
    load
        Builds the network, float32, on the processor; its inputs are those of the feeds, in
        their order.
    name, file
        What errors call the model, and its weights.
    device
        ``auto`` (the graphics card where one works, else the processor), ``cpu`` or ``cuda``.
    threads
        Threads inside one run; 0 leaves torch's choice. Torch has one such number for the whole
        process: it is set for everything in it that uses torch, as is the full precision of
        convolutions on a graphics card.
    precision
        ``float32``, or ``bfloat16`` for weights and steps of half the width.

    Raises
    ------
    ModelError
        When torch or the device is not available, or the weights do not fit.
    """

    def __init__(
        self,
        load: Callable[[], Any],
        *,
        name: str,
        file: Path,
        device: str,
        threads: int,
        precision: str = FLOAT32,
    ) -> None:
        try:
            import torch

            network = load()
        except ImportError as error:
            raise ModelError("models.needs_full", name=name, error=error, remedy=INSTALL) from error
        self.device = _torch_device(device)
        self.runtime = _named(f"torch {torch.__version__.partition('+')[0]}", precision)
        if threads:
            torch.set_num_threads(threads)
        if self.device == "cuda":
            # Convolutions would round to 10 bits, and a clip in a batch differ from one alone.
            torch.backends.cudnn.allow_tf32 = False
        self._torch: Any = torch
        self._kind = getattr(torch, precision)
        self._file = file
        self.network = network.to(device=self.device, dtype=self._kind)

    def logits(self, feeds: Feeds) -> FloatArray:
        """Run one batch; see `Runner`."""
        return self._run(lambda *inputs: [self.network(*inputs)], feeds)[0]

    def embed(self, feeds: Feeds, layer: int | None) -> tuple[FloatArray, FloatArray]:
        """Run one batch; see `Runner`."""
        logits, features = self._run(partial(self.network.embed, layer=layer), feeds)
        return logits, features

    def feature_width(self, layer: int | None) -> int:
        """Numbers per clip; see `Runner`."""
        if layer is not None and layer > self.network.layers:
            raise ModelError(
                "models.no_layer", layer=layer, layers=self.network.layers, file=self._file
            )
        return int(self.network.feature_width(layer))

    def _run(self, network: Callable[..., Sequence[Any]], feeds: Feeds) -> list[FloatArray]:
        torch = self._torch
        try:
            with torch.inference_mode():
                inputs = [torch.from_numpy(array).to(self.device) for array in feeds.values()]
                outputs = network(inputs[0].to(self._kind), *inputs[1:])
                return [np.asarray(each.float().cpu().numpy(), np.float32) for each in outputs]
        except RuntimeError as error:  # torch's errors, too little memory among them
            raise ModelError("models.run_fails", error=error, file=self._file) from error


class GraphRunner:
    """An exported graph in ONNX Runtime or OpenVINO.

    Parameters
    ----------
    form
        What runs. A graph for windows of one length takes the clips of that length, one by one,
        and shorter ones that may be padded; the graph for all lengths is opened when a clip needs
        it.
    inputs
        Names of the inputs, the sound first.
    device, threads
        As for `open_graph`.

    Raises
    ------
    ModelError
        When runtime or device is missing, or the graph is not one that `export_graph` wrote.
    """

    def __init__(self, form: Form, inputs: Sequence[str], *, device: str, threads: int) -> None:
        self._form, self._device, self._threads = form, device, threads
        self._inputs = tuple(inputs)
        self._free: GraphSession | None = None
        self._window: GraphSession | None = None
        if form.window is not None:
            self._window = self._opened(form.window)
        else:
            self._free = self._opened(form.graph)
        session = self._window or self._free
        assert session is not None
        self.runtime = _named(session.runtime, form.precision)
        self.device = session.device

    def logits(self, feeds: Feeds) -> FloatArray:
        """Run one batch; see `Runner`."""
        if self._window is not None:
            sound, *counts = self._inputs
            length = self._window.inputs[sound].shape[-1] or 0
            missing = length - feeds[sound].shape[-1]
            if missing == 0 or (missing > 0 and counts):
                ends = [(0, 0)] * (feeds[sound].ndim - 1) + [(0, missing)]
                whole = {**feeds, sound: np.pad(feeds[sound], ends)}
                rows = range(len(feeds[sound]))
                return np.concatenate([_run(self._window, _row(whole, row)) for row in rows])
        if self._free is None:
            self._free = self._opened(self._form.graph)
        return _run(self._free, feeds)

    def embed(self, feeds: Feeds, layer: int | None) -> tuple[FloatArray, FloatArray]:  # noqa: ARG002
        """Exported graphs hold logits only; see `Runner`."""
        raise ModelError("models.exported_features", file=self._form.graph)

    def feature_width(self, layer: int | None) -> int:  # noqa: ARG002
        """Exported graphs hold logits only; see `Runner`."""
        raise ModelError("models.exported_features", file=self._form.graph)

    def _opened(self, graph: Path | None) -> GraphSession:
        form = self._form
        assert graph is not None
        # In float32 the steps between the 8-bit products would cost a third of the speed.
        narrow = form.precision == BFLOAT16 or (form.runtime, form.precision) == ("openvino", INT8)
        session = open_graph(
            graph,
            runtime=form.runtime,
            device=self._device,
            threads=self._threads,
            precision=BFLOAT16 if narrow else FLOAT32,
        )
        if set(session.inputs) != set(self._inputs) or LOGITS not in session.outputs:
            raise ModelError("models.graph_inputs", inputs=sorted(session.inputs), file=graph)
        return session


def _row(feeds: Feeds, row: int) -> Feeds:
    return {name: array[row : row + 1] for name, array in feeds.items()}


def _run(session: GraphSession, feeds: Feeds) -> FloatArray:
    return np.asarray(session.run(feeds, [LOGITS])[LOGITS], dtype=np.float32)


def graphics_card() -> bool:
    """Whether torch can run on a graphics card here."""
    try:
        import torch
    except ImportError:
        return False
    return bool(torch.cuda.is_available())


def _torch_device(device: str) -> str:
    available = graphics_card()
    if device == "cuda" and not available:
        raise ModelError("models.no_graphics_card")
    return "cuda" if device != "cpu" and available else "cpu"


def _named(runtime: str, precision: str) -> str:
    """``openvino 2026.4.1 bfloat16``; float32 goes without saying."""
    is_understood = precision == FLOAT32 or runtime.endswith(precision)
    return runtime if is_understood else f"{runtime} {precision}"
