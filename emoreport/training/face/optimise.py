"""The optimiser: orthogonalised momentum for 3×3 kernels, AdamW for everything else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Iterable

NEWTON_SCHULZ: Final = (3.4445, -4.7750, 2.0315)
"""Coefficients of the quintic iteration of Jordan et al. 2024, "Muon"."""


def orthogonalise(matrix: Tensor, steps: int = 3) -> Tensor:
    """Return about the nearest semi-orthogonal matrix to ``matrix`` (R, C), in bfloat16.

    Three steps bring the larger singular values near 1 and leave tiny ones small, which is
    enough here and cheaper than the usual five.
    """
    first, third, fifth = NEWTON_SCHULZ
    out = matrix.bfloat16()
    out = out / (out.norm() + 1e-7)
    tall = out.shape[0] > out.shape[1]
    if tall:
        out = out.T
    for _ in range(steps):
        gram = out @ out.T
        out = first * out + (third * gram + fifth * gram @ gram) @ out
    return out.T if tall else out


class OrthogonalMomentum(torch.optim.Optimizer):  # type: ignore[misc]  # torch is not typed here
    """Muon (Jordan et al. 2024) for convolution kernels (O, I, H, W), seen as (O, I·H·W)."""

    def __init__(
        self, kernels: Iterable[Tensor], lr: float, momentum: float, weight_decay: float
    ) -> None:
        defaults = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay}
        super().__init__(list(kernels), defaults)

    def step(self, closure: None = None) -> None:  # noqa: ARG002 - torch's signature
        """Move every kernel that has a gradient; ``closure`` is not supported."""
        with torch.no_grad():
            for group in self.param_groups:
                for kernel in group["params"]:
                    if kernel.grad is not None:
                        self._move(kernel, group)

    def _move(self, kernel: Tensor, group: dict[str, Any]) -> None:
        state = self.state[kernel]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(kernel)
        average = state["momentum"]
        average.lerp_(kernel.grad, 1.0 - group["momentum"])
        ahead = kernel.grad.lerp(average, group["momentum"])
        matrix = ahead.reshape(len(ahead), -1)
        update = orthogonalise(matrix).reshape(kernel.shape).to(kernel.dtype)
        wide = max(1.0, matrix.shape[0] / matrix.shape[1]) ** 0.5
        kernel.mul_(1.0 - group["lr"] * group["weight_decay"])
        kernel.add_(update, alpha=-group["lr"] * wide)


class NetOptimizer:
    """Both optimisers with one schedule.

    Parameters
    ----------
    net
        Kernels wider than 1×1 that read more than one channel get orthogonal momentum.
    kernel_rate, other_rate
        Peak learning rates of the two.
    kernel_decay, other_decay
        Decoupled weight decay; none on vectors (norms and biases).
    """

    def __init__(
        self,
        net: nn.Module,
        *,
        kernel_rate: float,
        other_rate: float,
        kernel_decay: float,
        other_decay: float,
        momentum: float = 0.95,
    ) -> None:
        kernels = [p for p in net.parameters() if p.ndim == 4 and p.shape[1] > 1 and p.shape[2] > 1]
        taken = {id(p) for p in kernels}
        others = [p for p in net.parameters() if id(p) not in taken]
        groups = [
            {"params": [p for p in others if p.ndim > 1], "weight_decay": other_decay},
            {"params": [p for p in others if p.ndim <= 1], "weight_decay": 0.0},
        ]
        self._parts: tuple[torch.optim.Optimizer, ...] = (
            OrthogonalMomentum(kernels, kernel_rate, momentum, kernel_decay),
            torch.optim.AdamW(groups, lr=other_rate),
        )
        self._peaks = (kernel_rate, other_rate)

    def step(self, factor: float) -> None:
        """Take one step at ``factor`` times the peak rates."""
        for part, peak in zip(self._parts, self._peaks, strict=True):
            for group in part.param_groups:
                group["lr"] = peak * factor
            part.step()

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for part in self._parts:
            part.zero_grad(set_to_none=True)

    def state_dict(self) -> dict[str, Any]:
        """Return the state of both."""
        return {str(k): part.state_dict() for k, part in enumerate(self._parts)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up a state of :meth:`state_dict`."""
        for k, part in enumerate(self._parts):
            part.load_state_dict(state[str(k)])
