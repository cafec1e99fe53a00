"""One picture, bytes → verdict, against the floor: Pillow decoding the same bytes."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.decoding import decode
from benchmarks.timing import ratios, shown, spread, take_turns
from github_avatars import classify, classify_all
from github_avatars.demo import AVATARS
from github_avatars.evaluation.ablation.competitors import LIGHT, Competitor, whole
from github_avatars.evaluation.tables import table
from github_avatars.picture import decoding
from github_avatars.training import dataset
from github_avatars.training.degradation import Degradation

PICTURES = 60
"""Pictures of each kind that a round goes through, one by one."""

BATCH = 256
"""Pictures that are judged at once, the same ones over and over."""

THUMBNAIL = Degradation(64, "LANCZOS", circle=False, codec="png")

BESIDE = ("v1", "v2", "small network", "EfficientNet-Lite0")
"""The competitors of the ablation that are timed, too: the last two where torch is installed."""

FLOOR, OURS = "decoding", "ours"


def kinds() -> dict[str, list[bytes]]:
    """The pictures to time, by kind: originals as GitHub serves them, and thumbnails made of them."""
    examples = dataset.read_index(AVATARS)
    default = [AVATARS / example.file for example in examples if example.label == "default"]
    custom = [AVATARS / example.file for example in examples if example.label == "custom"]
    found = {"default, PNG, 420 px": [path.read_bytes() for path in default]}
    for name, suffix in (("PNG", ".png"), ("JPEG", ".jpg")):
        found[f"custom, {name}, 184 to 460 px"] = [path.read_bytes() for path in custom if path.suffix == suffix]
    found["both, PNG, 64 px"] = [THUMBNAIL.apply(decoding.read(path)) for path in (*default[::8], *custom[::8])]
    return {kind: pictures[:: max(1, len(pictures) // PICTURES)] for kind, pictures in found.items()}


def average_hash(data: bytes) -> bytes:
    """64 bits: which of 8×8 grey pixels of a picture are lighter than their mean."""
    grey = np.asarray(decoding.rgb(whole(data)).convert("L").resize((8, 8), Image.Resampling.BOX))
    return np.packbits(grey > grey.mean()).tobytes()


def measure(rounds: int) -> dict[str, Any]:
    """Milliseconds a picture and ratios to the floor, for each kind of picture, one by one and in a batch."""
    judges = _judges()
    found: dict[str, Any] = {"pictures": PICTURES, "batch": BATCH, "rounds": rounds, "kinds": {}}
    for kind, pictures in kinds().items():
        many = [pictures[number % len(pictures)] for number in range(BATCH)]
        single: dict[str, Callable[[], object]] = {
            FLOOR: partial(_each, decode, pictures),
            OURS: partial(_each, classify, pictures),
            **{name: partial(_each, judge, pictures) for name, (judge, _) in judges.items()},
        }
        batch: dict[str, Callable[[], object]] = {
            FLOOR: partial(_each, decode, many),
            OURS: partial(classify_all, many),
            **{name: partial(judge_all, many) for name, (_, judge_all) in judges.items()},
        }
        found["kinds"][kind] = {
            "single": _compare(single, rounds, len(pictures)),
            "batch": _compare(batch, rounds, len(many)),
        }
    return found


def _each(work: Callable[[bytes], object], pictures: Iterable[bytes]) -> None:
    for data in pictures:
        work(data)


def _compare(contestants: dict[str, Callable[[], object]], rounds: int, count: int) -> dict[str, Any]:
    taken = take_turns(contestants, rounds)
    return {
        name: {
            "ms": spread([1000 * seconds / count for seconds in seconds_each]),
            "ratio": ratios(seconds_each, taken[FLOOR]),
        }
        for name, seconds_each in taken.items()
    }


Judge = Callable[[bytes], object]
JudgeAll = Callable[[list[bytes]], object]


def _judges() -> dict[str, tuple[Judge, JudgeAll]]:
    """Ways to tell the labels apart to be timed beside ours: of one file, and of many at once."""
    examples = dataset.read_index(AVATARS)[:: len(dataset.LABELS) * 3]
    files = [(AVATARS / example.file).read_bytes() for example in examples]
    known = set(map(average_hash, files))

    def look_up(data: bytes) -> bool:
        return average_hash(data) in known

    judges: dict[str, tuple[Judge, JudgeAll]] = {"average hash, looked up": (look_up, partial(_each, look_up))}
    default = np.array([example.label == "default" for example in examples])
    for competitor in _competitors():
        rows = np.array([competitor.measure(competitor.decode(data)) for data in files])
        # Fitted to few pictures only: what it knows does not change how long it takes.
        fitted = competitor.untrained().fit(rows, default)
        judges[competitor.name] = partial(_judge, competitor, fitted), partial(_judge_all, competitor, fitted)
    return judges


def _judge(competitor: Competitor, fitted: Any, data: bytes) -> float:
    return competitor.answer(fitted)(competitor.decode(data))


def _judge_all(competitor: Competitor, fitted: Any, pictures: list[bytes]) -> Any:
    return fitted.predict_proba(np.array([competitor.measure(competitor.decode(data)) for data in pictures]))


def _competitors() -> list[Competitor]:
    competitors = LIGHT
    try:
        from github_avatars.evaluation.ablation.deep import DEEP
    except ModuleNotFoundError:
        pass
    else:
        competitors += DEEP
    return [one for one in competitors if one.name in BESIDE]


def page(found: dict[str, Any]) -> str:
    """The section of the page."""
    kinds = found["kinds"]
    head = ["pictures", "decoding, ms", "ours, ms", "times decoding", "in a batch, ms", "times decoding"]
    rows = [
        (kind, *_times(compared["single"], FLOOR), *_times(compared["single"], OURS), *_times(compared["batch"], OURS))
        for kind, compared in kinds.items()
    ]
    others = [name for name in next(iter(kinds.values()))["single"] if name not in (FLOOR, OURS)]
    beside = [
        (kind, way, *(f"{compared[way][name]['ratio']['median']:.2f}{_own(compared[way], name)}" for name in others))
        for kind, compared in kinds.items()
        for way in ("single", "batch")
    ]
    return f"""\
## One picture

From a file's bytes to the verdict, one by one and in batches of {found["batch"]}, beside Pillow decoding the same
bytes; {found["rounds"]} rounds over {found["pictures"]} pictures of each kind. The aim is 1.15 times decoding, and 1.05
times in a batch.

{table(head, rows)}

Other ways to tell the labels apart, in times decoding; in brackets what they take on top of decoding, in multiples of
what ours takes so. A dash: ours takes no more than decoding. `script/benchmark --deep picture` times the networks, too.

{table(("pictures", "", *others), beside)}
"""


def _times(compared: dict[str, Any], name: str) -> tuple[str, ...]:
    time = shown(compared[name]["ms"], 3)
    return (time,) if name == FLOOR else (time, shown(compared[name]["ratio"]))


def _own(compared: dict[str, Any], name: str) -> str:
    floor, ours, other = (compared[each]["ms"]["median"] for each in (FLOOR, OURS, name))
    return f" ({(other - floor) / (ours - floor):.1f})" if ours > floor else " (–)"


if __name__ == "__main__":
    print(page(measure(3)))
