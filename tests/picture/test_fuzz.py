"""script/fuzz: that it finds nothing, and that it would find what there is."""

import re
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from PIL import Image

from github_avatars.picture import decoding
from tests.support.pictures import encoded
from tests.support.processes import ROOT, clean_environment
from tests.support.timing import TIMEOUT
from tools import mutation
from tools.fuzz import Fuzzer, missized

SUMMARY = re.compile(
    r"([\d,]+) files of seed (\d+): ([\d,]+) verdicts \([\d,]+ default\), ([\d,]+) NotAPicture, ([\d,]+) TooLarge, "
    r"([\d,]+) findings; at most [\d.]+ s \(file \d+\) and \d+ MB"
)

HARMFUL = """
import os, sys, time, warnings
sys.path.insert(0, TESTS)
from random import Random
from tools import fuzz

verdict = fuzz.classify(fuzz.mutation.corpus()[0])

def classify(data):
    harm = data[0]
    if harm == 0:
        raise KeyError("planted")
    if harm == 1:
        os.abort()
    if harm == 2:
        while True:
            pass
    if harm == 3:
        bytearray(300_000_000)
    if harm == 4:
        warnings.warn("planted")
    if harm == 5:
        until = time.process_time() + 1.1
        while time.process_time() < until:
            pass
    return verdict

fuzz.decoding.decode = fuzz.classify = classify
fuzz.Fuzzer.file = lambda self, number: bytes((Random(f"{self.seed} {number}").randrange(20),))
fuzz.HANGING = 3
sys.exit(fuzz.main())
"""
"""The fuzzer over a library that does harm; which harm, the first byte of a file tells."""


def summary(output: str) -> list[int]:
    found = SUMMARY.fullmatch(output.splitlines()[-1])
    assert found, output
    return [int(number.replace(",", "")) for number in found.groups()]


@pytest.mark.parametrize("data", mutation.corpus(), ids=lambda data: f"{data[:4]!r} {len(data)}")
def test_the_files_to_be_mutated_are_pictures_that_can_be_taken_apart_and_put_together(data: bytes) -> None:
    apart, together = mutation.FORMATS[data[:2]]
    assert together(apart(data)) == data
    assert decoding.decode(data).width > 0


def test_a_seed_makes_the_same_files_again_and_another_seed_others(tmp_path: Path) -> None:
    fuzzers = Fuzzer(1, tmp_path), Fuzzer(1, tmp_path), Fuzzer(2, tmp_path)
    once, again, others = ([fuzzer.file(number) for number in range(20)] for fuzzer in fuzzers)
    assert once == again
    assert not set(once) & set(others)


def test_mutations_are_many_and_of_every_format() -> None:
    files = mutation.corpus()
    made = {mutation.harmed(data, files, Random(f"{number} {data[:2]!r}")) for number in range(5) for data in files}
    assert len(made - set(files)) > 4 * len(files)
    assert set(mutation.FORMATS) <= {data[:2] for data in made}


def test_nothing_is_found(tmp_path: Path) -> None:
    command = [ROOT / "script" / "fuzz", "--runs", "5000", "--seed", "1", "--jobs", "2", "--findings", tmp_path]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=5 * TIMEOUT, env=clean_environment())
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout
    files, seed, verdicts, no_pictures, too_large, findings = summary(ended.stdout)
    assert (files, seed, findings) == (5000, 1, 0)
    assert verdicts + no_pictures + too_large == files
    assert min(verdicts, no_pictures) > 1000
    assert too_large > 100
    assert list(tmp_path.iterdir()) == []


def test_whatever_goes_wrong_is_found_and_kept(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HARMFUL.replace("TESTS", repr(str(ROOT / "tests")))]
    # Among the first 30 files of this seed, each harm comes once.
    command += ["--runs", "30", "--seed", "272", "--jobs", "2", "--findings", str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, env=clean_environment())
    assert ended.returncode == 1, ended.stderr
    *lines, _ = ended.stdout.splitlines()
    told = dict(line.split(" ", 1) for line in lines)
    assert summary(ended.stdout)[-1] == len(told)
    expected = (
        r"raises KeyError\('planted'\)",
        "ends the process: SIGABRT",
        "ends the process: SIGXCPU",
        r"takes \d+ MB",
        "warns: planted",
        r"takes [\d.]+ s",
    )
    kept = {path: path.read_bytes()[0] for path in tmp_path.iterdir()}
    assert sorted(kept.values()) == list(range(len(expected)))
    for path, harm in kept.items():
        assert re.fullmatch(r"seed-272-file-\d+", path.name)
        assert re.fullmatch(expected[harm], told[str(path)])


def test_a_picture_of_another_size_than_was_checked_is_found() -> None:
    data = encoded(Image.new("RGB", (3, 2)), "PNG")
    assert missized(Image.new("RGB", (3, 2)), data) == ""
    assert missized(Image.new("RGB", (2, 3)), data) == "", "turned upright"
    assert missized(Image.new("RGB", (3, 3)), data).startswith("is of (3, 3) and was taken for ")


@pytest.mark.parametrize("option", ["--runs", "--jobs"])
def test_no_files_or_jobs_at_all_is_no_fuzzing(option: str) -> None:
    command = [ROOT / "script" / "fuzz", option, "0"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, env=clean_environment())
    assert ended.returncode == 2
    assert ended.stderr.endswith("script/fuzz: error: --runs and --jobs must be at least 1\n")
