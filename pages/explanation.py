"""docs/explanation.png: the explanation of a default avatar that is shown as a small thumbnail."""

from pathlib import Path

from github_avatars import explanation
from github_avatars.picture import decoding
from github_avatars.training.degradation import Degradation

ROOT = Path(__file__).resolve().parent.parent
PATH = ROOT / "docs" / "explanation.png"


def example() -> explanation.Explanation:
    """The explanation of a picture of avatars/ at 40 × 40 pixels, as JPEG."""
    avatar = decoding.read(ROOT / "avatars" / "default" / "38654.png")
    thumbnail = Degradation(40, "LANCZOS", circle=False, codec="jpeg 75").apply(avatar)
    return explanation.explain(decoding.decode(thumbnail))


def page() -> bytes:
    """The picture as a PNG file."""
    return explanation.encode_png(explanation.draw(example()))
