"""Classify mutated picture files, and keep each that is neither classified nor refused with a clear error.

A finding is also a picture whose size differs from the checked one, a warning, more than a second of processor time,
more than 200 MB of memory, and a crash or hang. The same seed produces the same files with any number of jobs.
"""

import argparse
import ctypes
import resource
import signal
import sys
import time
import warnings
from multiprocessing import connection, get_context
from multiprocessing.context import ForkProcess
from multiprocessing.sharedctypes import RawValue
from pathlib import Path
from random import Random

from PIL import Image

from github_avatars import classify
from github_avatars.classifier import Verdict
from github_avatars.errors import BadImage
from github_avatars.picture import container, decoding
from tests.support.limits import MAX_MEGABYTES, MAX_SECONDS, TIMEOUT_SECONDS
from tools import picture_mutations

FINDINGS = Path(__file__).resolve().parent.parent / "build" / "fuzz"


COUNTS = ("default", "custom", "NotAPicture", "TooLarge", "findings")


class Tally(ctypes.Structure):
    """The results of a job, in memory that the parent shares, so that they survive a crash of the job."""

    _fields_ = (
        ("number", ctypes.c_longlong),  # the current file
        *((name, ctypes.c_longlong) for name in COUNTS),
        *((name, ctypes.c_double) for name in ("seconds", "megabytes")),  # maximums
        ("slowest", ctypes.c_longlong),
    )


class Fuzzer:
    """Creates files from a seed, classifies them, and keeps the findings."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.seed = seed
        self.folder = folder
        self.corpus = picture_mutations.corpus()

    def file(self, number: int) -> bytes:
        rng = Random(f"{self.seed} {number}")
        return picture_mutations.mutate(rng.choice(self.corpus), self.corpus, rng)

    def keep(self, number: int, data: bytes, reason: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"seed-{self.seed}-file-{number}"
        path.write_bytes(data)
        print(f"{path} {reason}", flush=True)

    def work(self, numbers: range, tally: Tally) -> None:
        """Classify these files. Returns early if the peak memory is so high that it would hide that of later files."""
        for data in self.corpus:
            outcome(data)
        peak_before = peak_megabytes()
        for number in numbers:
            tally.number = number
            data = self.file(number)
            _, hard_limit = resource.getrlimit(resource.RLIMIT_CPU)
            resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + TIMEOUT_SECONDS, hard_limit))
            result, seconds = outcome(data)
            megabytes = peak_megabytes() - peak_before
            if seconds > tally.seconds:
                tally.seconds, tally.slowest = seconds, number
            tally.megabytes = max(tally.megabytes, megabytes)
            reasons = []
            if result in COUNTS:
                setattr(tally, result, getattr(tally, result) + 1)
            else:
                reasons.append(result)
            if seconds > MAX_SECONDS:
                reasons.append(f"takes {seconds:.1f} s")
            if megabytes > MAX_MEGABYTES:
                reasons.append(f"takes {megabytes:.0f} MB")
            if reasons:
                tally.findings += 1
                self.keep(number, data, " ".join(reasons))
            if megabytes > MAX_MEGABYTES:
                return

    def run(self, runs: int, jobs: int) -> list[Tally]:
        """Classify the files from 0 to `runs` in parallel. A job that ends early is restarted after its file."""
        tallies = [RawValue(Tally) for _ in range(jobs)]
        workers = [self.start(range(job, runs, jobs), tally) for job, tally in enumerate(tallies)]
        while workers:
            for sentinel in connection.wait([process.sentinel for process, _ in workers]):
                process, tally = next(worker for worker in workers if worker[0].sentinel == sentinel)
                process.join()
                workers.remove((process, tally))
                if process.exitcode:
                    assert tally.number >= 0, "a job ended before its first file"
                    tally.findings += 1
                    ending = signal.Signals(-process.exitcode).name if process.exitcode < 0 else process.exitcode
                    self.keep(tally.number, self.file(tally.number), f"ends the process: {ending}")
                if remaining := range(tally.number + jobs, runs, jobs):
                    workers.append(self.start(remaining, tally))
        return tallies

    def start(self, numbers: range, tally: Tally) -> tuple[ForkProcess, Tally]:
        tally.number = -1
        process = get_context("fork").Process(target=self.work, args=(numbers, tally))
        process.start()
        return process, tally


def outcome(data: bytes) -> tuple[str, float]:
    """A file's label, the name of its error, or a fault; and the seconds that the slower of both functions took."""
    longest = 0.0
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for function in (decoding.decode, classify):
            started = time.process_time()
            try:
                result = function(data)
                text = result.label if isinstance(result, Verdict) else size_fault(result, data)
            except BadImage as error:
                text = type(error).__name__
            except BaseException as error:
                text = f"raises {error!r}"
            longest = max(longest, time.process_time() - started)
            if text.startswith(("raises", "has size")):
                break
    return f"warns: {caught[0].message}" if caught else text, longest


def size_fault(picture: Image.Image, data: bytes) -> str:
    """An error message if the picture's size differs from the size that was checked against the limits."""
    stripped = container.strip(data, "the picture")
    same = (stripped.width, stripped.height) in (picture.size, picture.size[::-1])
    return "" if same else f"has size {picture.size}, but {stripped.width}×{stripped.height} was checked"


def peak_megabytes() -> float:
    """The peak memory of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def main() -> int:
    """Print a line for each finding and a summary. The exit status is 1 if there are findings."""
    parser = argparse.ArgumentParser(prog="script/fuzz", description=__doc__)
    parser.add_argument("--runs", type=int, default=200_000, help="number of files (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the files (default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=1, help="number of processes (default: %(default)s)")
    parser.add_argument("--findings", type=Path, default=FINDINGS, metavar="DIR", help="default: build/fuzz")
    arguments = parser.parse_args()
    if arguments.runs < 1 or arguments.jobs < 1:
        parser.error("--runs and --jobs must be at least 1")
    tallies = Fuzzer(arguments.seed, arguments.findings).run(arguments.runs, arguments.jobs)
    total = {name: sum(getattr(tally, name) for tally in tallies) for name in COUNTS}
    slowest = max(tallies, key=lambda tally: tally.seconds)
    print(
        f"{arguments.runs:,} files of seed {arguments.seed}: {total['default'] + total['custom']:,} verdicts "
        f"({total['default']:,} default), {total['NotAPicture']:,} NotAPicture, {total['TooLarge']:,} TooLarge, "
        f"{total['findings']:,} findings; at most {slowest.seconds:.2f} s (file {slowest.slowest}) "
        f"and {max(tally.megabytes for tally in tallies):.0f} MB"
    )
    return 1 if total["findings"] else 0


if __name__ == "__main__":
    sys.exit(main())
