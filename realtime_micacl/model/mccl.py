"""MCCL, Multiscale Category-aware Contrastive Learning (arXiv 2509.04344, section on MCCL)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from einops import reduce
from torch import Tensor, nn
from torch.nn.functional import normalize


class MCCL(nn.Module):
    """Supervised contrastive loss of bag vectors at several scales; rare and hard bags have larger weights.

    z_i^s = l2norm(R_s AvgPool_{E -> E/s}(b_i)) with R_s an MLP E/s -> 256 -> 128, trained with the
    network and not used at inference; w_i = (1 - p_{i,y_i}) / n_{y_i}, where the factors 1/n are scaled to
    mean 1 over the emotions present and 1 - p is detached; tau_i = tau (1 + n_{y_i} / n_max);
    L_s = mean_i w_i [-1/|P(i)| sum_{j in P(i)} (z_i.z_j / tau_i - log sum_{k != i} exp(z_i.z_k / tau_i))].

    P(i) are the other bags with i's label; an anchor without any is left out of the mean. The loss is the
    mean of L_s over the scales; the caller multiplies it by lambda. n are `class_counts`, the clips per
    emotion in the current training split.

    With a `queue` up to that many of the last training bags are further j and k. They are never anchors and have no
    gradient, but are projected anew.
    """

    category: Tensor
    temperatures: Tensor
    queued: Tensor
    queued_labels: Tensor

    def __init__(
        self,
        *,
        feature_size: int,
        class_counts: Sequence[int],
        scales: tuple[int, ...] = (1, 2, 4),
        temperature: float = 0.07,
        queue: int = 0,
    ) -> None:
        super().__init__()
        counts = torch.tensor(class_counts, dtype=torch.float64)
        inverse = torch.where(counts > 0, 1 / counts.clamp(min=1), 0)
        category = inverse / inverse[counts > 0].mean()
        temperatures = temperature * (1 + counts / counts.max())
        self.register_buffer("category", category.to(torch.get_default_dtype()), persistent=False)
        self.register_buffer("temperatures", temperatures.to(torch.get_default_dtype()), persistent=False)
        self.scales = scales
        self.register_buffer("queued", torch.zeros(queue, feature_size), persistent=queue > 0)
        self.register_buffer("queued_labels", torch.full((queue,), -1), persistent=queue > 0)
        self.projections = nn.ModuleList(
            nn.Sequential(nn.Linear(feature_size // scale, 256), nn.GELU(), nn.Linear(256, 128)) for scale in scales
        )

    def forward(self, b: Tensor, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the loss, a scalar, of bag vectors [B,E], logits [B,K] and labels int64 [B].

        Without any positive pair it is 0, with a gradient of 0.
        """
        others, other_labels = torch.cat([b, self.queued]), torch.cat([labels, self.queued_labels])
        left_out = torch.eye(len(b), len(others), dtype=torch.bool, device=b.device) | (other_labels < 0)
        positive = (labels[:, None] == other_labels[None]) & ~left_out
        positives = positive.sum(dim=1)
        hardness = 1 - logits.detach().softmax(dim=1).gather(1, labels[:, None])[:, 0]
        weight = self.category[labels] * hardness / positives.clamp(min=1) / (positives > 0).sum().clamp(min=1)
        losses = []
        for scale, project in zip(self.scales, self.projections, strict=True):
            z = normalize(project(reduce(others, "b (e s) -> b e", "mean", s=scale)), dim=1)
            similarity = z[: len(b)] @ z.T / self.temperatures[labels, None]
            similarity = similarity.masked_fill(left_out, torch.finfo(similarity.dtype).min)
            log_share = similarity - similarity.logsumexp(dim=1, keepdim=True)
            losses.append(-(weight * log_share.masked_fill(~positive, 0).sum(dim=1)).sum())
        if self.training and len(self.queued):
            self.queued.copy_(others[: len(self.queued)].detach())  # newest first; the oldest fall out
            self.queued_labels.copy_(other_labels[: len(self.queued)])
        return torch.stack(losses).mean()
