import hashlib
import multiprocessing
import random
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import synthesis
from github_avatars import features
from github_avatars.errors import BadImage, NotAPicture
from github_avatars.picture import decoding
from github_avatars.training import dataset, measuring
from github_avatars.training.dataset import Example
from github_avatars.training.degradation import DEGRADATIONS, Degradation
from github_avatars.training.measuring import COPIES, extract_features, measure, training_degradations
from tests.support.datasets import write_dataset
from tests.support.processes import run_python

CONDITIONS = [Degradation(64, "BOX", True, "png"), Degradation(20, "LANCZOS", False, "jpeg 50")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("avatars")


@pytest.fixture(scope="module")
def examples(folder: Path) -> list[Example]:
    """An identicon, a JPEG and a file that is not a picture."""
    examples = write_dataset(folder, ("photo-landscape",))
    (folder / "page.png").write_text("<!DOCTYPE html>")
    assert examples[1].file.endswith(".jpg")
    return [*examples, Example("page.png", "custom", "", 0, "")]


def test_original_and_copies_are_measured_as_for_a_prediction(folder: Path, examples: list[Example]) -> None:
    measurements = measure(folder, examples, [CONDITIONS, CONDITIONS[:1], CONDITIONS], extract_features)
    for example, measurement, conditions in zip(examples[:2], measurements, (CONDITIONS, CONDITIONS[:1]), strict=False):
        assert not isinstance(measurement, BadImage)
        data = (folder / example.file).read_bytes()
        picture = decoding.decode(data)
        assert measurement.digest == hashlib.sha256(data).hexdigest()
        assert measurement.pixel_hash == dataset.pixel_hash(picture)
        encoded = [data, *(condition.apply(picture) for condition in conditions)]
        assert measurement.values == [features.extract(decoding.load(data)) for data in encoded]
    assert isinstance(measurements[2], NotAPicture)
    assert str(measurements[2]).startswith("page.png is not a PNG, JPEG, WebP, AVIF or GIF")


def test_training_degradations_are_drawn_with_the_file_name_as_the_seed(examples: list[Example]) -> None:
    first, second, _ = examples
    assert training_degradations(first) == random.Random(first.file).sample(DEGRADATIONS, COPIES)
    assert training_degradations(first) != training_degradations(second)


def test_copies_of_a_lookalike_have_its_pixels(examples: list[Example]) -> None:
    picture = decoding.decode(synthesis.draw("lookalike-service", 1).data)
    copies = training_degradations(replace(examples[1], family="lookalike-service"))
    assert len(copies) == COPIES
    for copy in copies:
        assert dataset.pixel_hash(decoding.decode(copy.apply(picture))) == dataset.pixel_hash(picture)


@pytest.mark.parametrize("min_parallel", [0, measuring.MIN_PARALLEL])
def test_progress_is_called_in_order_and_many_pictures_are_measured_by_other_processes(
    folder: Path, examples: list[Example], min_parallel: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "MIN_PARALLEL", min_parallel)
    seen = []

    def progress(items: Iterable[object], total: int) -> Iterator[object]:
        for item in items:
            seen.append((isinstance(item, BadImage), total, bool(multiprocessing.active_children())))
            yield item

    measure(folder, examples, iter([[], [], []]), extract_features, progress)
    assert seen == [(is_error, 3, min_parallel == 0) for is_error in (False, False, True)]
    assert measure(folder, [], [], extract_features) == []


def test_measuring_does_not_import_scikit_learn() -> None:
    program = (
        "import sys; from github_avatars.training import dataset, degradation, measuring; "
        "print({'sklearn', 'scipy'} & set(sys.modules))"
    )
    process = run_python(program)
    assert process.stdout == "set()\n", process.stderr
