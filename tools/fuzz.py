"""Judge mutated picture files, and keep each that comes to anything but a verdict or a clear refusal.

A finding is also what is of another size than it was taken for, what takes more than a second of processor time or
200 MB of memory, what warns, and what ends the process or hangs it. With the same seed, the same files are made again,
whatever the number of jobs.
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
from tests.support.limits import HANGING, MEGABYTES, SECONDS
from tools import mutation

FINDINGS = Path(__file__).resolve().parent.parent / "build" / "fuzz"


class Tally(ctypes.Structure):
    """What a job came to so far, where the parent sees it even if the job dies. `number` is the file that it is at."""

    _fields_ = (
        ("number", ctypes.c_longlong),
        *((name, ctypes.c_longlong) for name in ("default", "custom", "NotAPicture", "TooLarge", "findings")),
        *((name, ctypes.c_double) for name in ("seconds", "megabytes")),
        ("slowest", ctypes.c_longlong),
    )


class Fuzzer:
    """Files made from a seed, and what comes of them."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.seed = seed
        self.folder = folder
        self.files = mutation.corpus()

    def file(self, number: int) -> bytes:
        dice = Random(f"{self.seed} {number}")
        return mutation.harmed(dice.choice(self.files), self.files, dice)

    def keep(self, number: int, data: bytes, why: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"seed-{self.seed}-file-{number}"
        path.write_bytes(data)
        print(f"{path} {why}", flush=True)

    def work(self, numbers: range, tally: Tally) -> None:
        """Judge these files; ends early where the memory that it has had would hide what the next file takes."""
        for data in self.files:
            judged(data)
        had = peak()
        for number in numbers:
            tally.number = number
            data = self.file(number)
            _, most = resource.getrlimit(resource.RLIMIT_CPU)
            resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + HANGING, most))
            said, seconds = judged(data)
            megabytes = peak() - had
            if seconds > tally.seconds:
                tally.seconds, tally.slowest = seconds, number
            tally.megabytes = max(tally.megabytes, megabytes)
            if said in dict(tally._fields_):
                setattr(tally, said, getattr(tally, said) + 1)
                said = ""
            if seconds > SECONDS:
                said += f" takes {seconds:.1f} s"
            if megabytes > MEGABYTES:
                said += f" takes {megabytes:.0f} MB"
            if said:
                tally.findings += 1
                self.keep(number, data, said.strip())
            if megabytes > MEGABYTES:
                return

    def run(self, runs: int, jobs: int) -> list[Tally]:
        """Judge the files from 0 on, in as many processes; one that dies is replaced, and its file is kept."""
        tallies = [RawValue(Tally) for _ in range(jobs)]
        at_work = [self.start(range(job, runs, jobs), tally) for job, tally in enumerate(tallies)]
        while at_work:
            for ended in connection.wait([process.sentinel for process, _, _ in at_work]):
                process, numbers, tally = next(work for work in at_work if work[0].sentinel == ended)
                process.join()
                at_work.remove((process, numbers, tally))
                if process.exitcode:
                    assert tally.number >= 0, "a job ended before its first file"
                    tally.findings += 1
                    ending = signal.Signals(-process.exitcode).name if process.exitcode < 0 else process.exitcode
                    self.keep(tally.number, self.file(tally.number), f"ends the process: {ending}")
                if left := range(tally.number + jobs, runs, jobs):
                    at_work.append(self.start(left, tally))
        return tallies

    def start(self, numbers: range, tally: Tally) -> tuple[ForkProcess, range, Tally]:
        tally.number = -1
        process = get_context("fork").Process(target=self.work, args=(numbers, tally))
        process.start()
        return process, numbers, tally


def judged(data: bytes) -> tuple[str, float]:
    """What is said of a file: a label, the name of a refusal, or what is wrong; and the seconds that took."""
    longest = 0.0
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        for road in (decoding.decode, classify):
            started = time.process_time()
            try:
                found = road(data)
                said = found.label if isinstance(found, Verdict) else missized(found, data)
            except BadImage as error:
                said = type(error).__name__
            except BaseException as error:
                said = f"raises {error!r}"
            longest = max(longest, time.process_time() - started)
            if said.startswith(("raises", "is of")):
                break
    return f"warns: {warned[0].message}" if warned else said, longest


def missized(picture: Image.Image, data: bytes) -> str:
    """What is wrong where a picture has other sides than those that its limits were held against."""
    stripped = container.strip(data, "the picture")
    same = {picture.size, picture.size[::-1]} & {(stripped.width, stripped.height)}
    return "" if same else f"is of {picture.size} and was taken for {stripped}"


def peak() -> float:
    """The most memory that this process has had, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def main() -> int:
    """Print a line for each finding and one that sums up; 1 where anything was found."""
    parser = argparse.ArgumentParser(prog="script/fuzz", description=__doc__)
    parser.add_argument("--runs", type=int, default=200_000, help="how many files (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="what they are made from (default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=1, help="processes (default: %(default)s)")
    parser.add_argument("--findings", type=Path, default=FINDINGS, metavar="DIR", help="default: build/fuzz")
    given = parser.parse_args()
    if given.runs < 1 or given.jobs < 1:
        parser.error("--runs and --jobs must be at least 1")
    tallies = Fuzzer(given.seed, given.findings).run(given.runs, given.jobs)
    total = {name: sum(getattr(tally, name) for tally in tallies) for name, _ in Tally._fields_}
    slowest = max(tallies, key=lambda tally: tally.seconds)
    print(
        f"{given.runs:,} files of seed {given.seed}: {total['default'] + total['custom']:,} verdicts "
        f"({total['default']:,} default), {total['NotAPicture']:,} NotAPicture, {total['TooLarge']:,} TooLarge, "
        f"{total['findings']:,} findings; at most {slowest.seconds:.2f} s (file {slowest.slowest}) "
        f"and {max(tally.megabytes for tally in tallies):.0f} MB"
    )
    return 1 if total["findings"] else 0


if __name__ == "__main__":
    sys.exit(main())
