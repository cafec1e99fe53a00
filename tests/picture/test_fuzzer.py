"""script/fuzz has no findings, and reports faults that are planted in the library."""

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
from tools import picture_mutations
from tools.fuzz import Fuzzer, size_fault

SUMMARY = re.compile(
    r"([\d,]+) files of seed (\d+): ([\d,]+) verdicts \([\d,]+ default\), ([\d,]+) NotAPicture, ([\d,]+) TooLarge, "
    r"([\d,]+) findings; at most [\d.]+ s \(file \d+\) and \d+ MB"
)

FAULTY_PROGRAM = """
import os, sys, time, warnings
from random import Random
from tools import fuzz

verdict = fuzz.classify(fuzz.picture_mutations.corpus()[0])

def classify(data):
    fault = data[0]
    if fault == 0:
        raise KeyError("planted")
    if fault == 1:
        os.abort()
    if fault == 2:
        while True:
            pass
    if fault == 3:
        bytearray(300_000_000)
    if fault == 4:
        warnings.warn("planted")
    if fault == 5:
        end = time.process_time() + 1.1
        while time.process_time() < end:
            pass
    return verdict

fuzz.decoding.decode = fuzz.classify = classify
fuzz.Fuzzer.file = lambda self, number: bytes((Random(f"{self.seed} {number}").randrange(20),))
fuzz.TIMEOUT_SECONDS = 3
sys.exit(fuzz.main())
"""
"""The fuzzer with a faulty library. The first byte of each file selects the fault."""

FAULTS = [
    r"raises KeyError\('planted'\)",
    "ends the process: SIGABRT",
    "ends the process: SIGXCPU",
    r"takes \d+ MB",
    "warns: planted",
    r"takes [\d.]+ s",
]


def run(*command: object, timeout: float = TIMEOUT) -> subprocess.CompletedProcess[str]:
    arguments = list(map(str, command))
    return subprocess.run(
        arguments, capture_output=True, text=True, timeout=timeout, env=clean_environment(PYTHONPATH=str(ROOT))
    )


def summary(output: str) -> list[int]:
    match = SUMMARY.fullmatch(output.splitlines()[-1])
    assert match, output
    return [int(number.replace(",", "")) for number in match.groups()]


@pytest.mark.parametrize("data", picture_mutations.corpus(), ids=lambda data: f"{data[:4]!r} {len(data)}")
def test_corpus_can_be_decoded_and_split_and_joined(data: bytes) -> None:
    split, join = picture_mutations.FORMATS[data[:2]]
    assert join(split(data)) == data
    assert decoding.decode(data).width > 0


def test_seed_determines_the_files(tmp_path: Path) -> None:
    fuzzers = Fuzzer(1, tmp_path), Fuzzer(1, tmp_path), Fuzzer(2, tmp_path)
    first, second, other = ([fuzzer.file(number) for number in range(20)] for fuzzer in fuzzers)
    assert first == second
    assert not set(first) & set(other)


def test_mutations_are_diverse_and_cover_all_formats() -> None:
    files = picture_mutations.corpus()
    mutations = {
        picture_mutations.mutate(data, files, Random(f"{number} {data[:2]!r}")) for number in range(5) for data in files
    }
    assert len(mutations - set(files)) > 4 * len(files)
    assert set(picture_mutations.FORMATS) <= {data[:2] for data in mutations}


def test_fuzzer_has_no_findings(tmp_path: Path) -> None:
    command = (ROOT / "script" / "fuzz", "--runs", 5000, "--seed", 1, "--jobs", 2, "--findings", tmp_path)
    result = run(*command, timeout=5 * TIMEOUT)
    assert (result.returncode, result.stderr) == (0, ""), result.stdout
    files, seed, verdicts, not_pictures, too_large, findings = summary(result.stdout)
    assert (files, seed, findings) == (5000, 1, 0)
    assert verdicts + not_pictures + too_large == files
    assert min(verdicts, not_pictures) > 1000
    assert too_large > 100
    assert list(tmp_path.iterdir()) == []


def test_every_fault_is_reported_and_its_file_kept(tmp_path: Path) -> None:
    # Among the first 30 files of this seed, each fault occurs once.
    options = ("--runs", 30, "--seed", 272, "--jobs", 2, "--findings", tmp_path)
    result = run(sys.executable, "-c", FAULTY_PROGRAM, *options)
    assert result.returncode == 1, result.stderr
    *lines, _ = result.stdout.splitlines()
    reports = dict(line.split(" ", 1) for line in lines)
    assert summary(result.stdout)[-1] == len(reports)
    faults = {path: path.read_bytes()[0] for path in tmp_path.iterdir()}
    assert sorted(faults.values()) == list(range(len(FAULTS)))
    for path, fault in faults.items():
        assert re.fullmatch(r"seed-272-file-\d+", path.name)
        assert re.fullmatch(FAULTS[fault], reports[str(path)])


def test_decoded_size_is_compared_with_the_checked_size() -> None:
    data = encoded(Image.new("RGB", (3, 2)), "PNG")
    assert size_fault(Image.new("RGB", (3, 2)), data) == ""
    assert size_fault(Image.new("RGB", (2, 3)), data) == "", "rotated"
    assert size_fault(Image.new("RGB", (3, 3)), data) == "has size (3, 3), but 3×2 was checked"


@pytest.mark.parametrize("option", ["--runs", "--jobs"])
def test_fuzzer_requires_files_and_jobs(option: str) -> None:
    result = run(ROOT / "script" / "fuzz", option, 0)
    assert result.returncode == 2
    assert result.stderr.endswith("script/fuzz: error: --runs and --jobs must be at least 1\n")
