"""docs/ablation.md: what came of the competition, every number filled in from docs/ablation.json."""

from collections.abc import Sequence

from github_avatars import features
from github_avatars.evaluation.ablation.harness import EVERY
from github_avatars.evaluation.scoring import Json
from github_avatars.evaluation.tables import SMALL, interval, number, percent, table
from github_avatars.training import fitting

OURS = "v3"
DEEP = {"small network": "the small network", "EfficientNet-Lite0": "EfficientNet-Lite0"}
"""What the networks are called in a sentence."""

TENTH = 10
"""How many times longer than ours a network is meant to take at the least."""

TEMPLATE = """\
# Why these features: ablation and competitors

`script/ablation --deep` writes this page and [ablation.json](ablation.json), where versions, counts and dates are.

{table}

"ms" is what one verdict takes, and "own" what of it is not decoding the file, which takes {decode} ms and everyone
needs: medians of {timed} originals, in processor time on one thread, the competitors taking turns. "fitting" is that of
all pictures once they are measured. "small" is copies of less than {small} pixels a side, "grid" all larger ones; in
brackets are Wilson's intervals of 95 %, and as the copies of one picture are alike, the truth may lie further off. The
Brier score is that of small and grid together.

{pictures}

## What one learns from it

{lessons}
"""


def page(found: Json) -> str:
    """The page of what `ablation.json` holds."""
    rows = {row["name"]: row for row in found["competitors"]}
    times = found["times"]["competitors"]
    return TEMPLATE.format(
        table=_table(list(rows.values()), times),
        decode=number(found["times"]["decode"], 2),
        timed=found["times"]["pictures"],
        small=SMALL,
        pictures=_pictures(found["pictures"]),
        lessons="\n\n".join(_lessons(rows, times, found["times"]["decode"])),
    )


def _table(rows: Sequence[Json], times: Json) -> str:
    head = ("", "originals", "customs called default", "grid", "small", "Brier", "ms", "own", "bytes", "fitting, s")
    return table(
        head,
        [
            (
                f"**{row['name']}**: {row['about']}",
                f"{percent(row['originals']['value'])} %",
                str(row["customs_called_default"]),
                _share(row["grid"]),
                _share(row["small"]),
                number(row["brier"]["grid"]),
                number(times.get(row["name"], {}).get("whole"), 2),
                number(times.get(row["name"], {}).get("own"), 2),
                f"{row['bytes']:,}",
                number(row["fitting_seconds"], 1),
            )
            for row in rows
        ],
    )


def _share(share: Json) -> str:
    return f"{percent(share['value'])} % ({interval(share)})"


def _pictures(pictures: Json) -> str:
    grid = pictures["grid"]
    return (
        f"All were trained on the same pictures of {pictures['directory']}/, {pictures['default']} default and "
        f"{pictures['custom']} custom ones with {pictures['copies']} degraded copies of each, and judged, in "
        f"{fitting.FOLDS} folds, only pictures that they were trained without: all originals, and the robustness grid "
        f"of one in {EVERY} pictures of each family, {grid['default']} default and {grid['custom']} custom ones."
    )


def _lessons(rows: dict[str, Json], times: Json, decode: float) -> list[str]:
    lessons = [
        f"Originals are easy and thumbnails are not: the rule is right about {_percent(rows, 'rule', 'originals')} of "
        f"the originals, but about {_percent(rows, 'rule', 'grid')} of the grid, and always saying custom about "
        f"{_percent(rows, 'always custom', 'grid')} of it.",
        f"The histogram of v1 stands at {_percent(rows, 'v1', 'grid')} of the grid, the two counts of v2 at "
        f"{_percent(rows, 'v2', 'grid')}, and v3 at {_percent(rows, OURS, 'grid')}; at 16 pixels at "
        f"{_percent(rows, 'v1', 'small')}, {_percent(rows, 'v2', 'small')} and {_percent(rows, OURS, 'small')}.",
        "Of the grid and of the small copies v3 loses, in percentage points, "
        + ", ".join(f"{_worth(rows, name)} without {name}" for name in features.NAMES)
        + ".",
    ]
    deep = [name for name in DEEP if name in rows]
    if deep:
        lessons += [_beside(rows, deep), _cost(rows, times, decode, [name for name in deep if name in times])]
    return lessons


def _percent(rows: dict[str, Json], name: str, where: str) -> str:
    return f"{percent(rows[name][where]['value'])} %"


def _worth(rows: dict[str, Json], feature: str) -> str:
    left_out = rows[f"{OURS} without {feature}"]
    grid, small = (100 * (rows[OURS][where]["value"] - left_out[where]["value"]) for where in ("grid", "small"))
    return f"{grid:.2f} and {small:.2f}"


def _beside(rows: dict[str, Json], deep: Sequence[str]) -> str:
    """What the networks reach, and plainly where one of them is better than v3."""
    reached = "; ".join(
        f"{DEEP[name]} is right about {_percent(rows, name, 'originals')} of the originals, "
        f"{_percent(rows, name, 'grid')} of the grid and {_percent(rows, name, 'small')} of the small copies"
        for name in deep
    )
    better = [
        f"{DEEP[name]} at {called} ({_percent(rows, name, where)} against {_percent(rows, OURS, where)})"
        for name in deep
        for where, called in (("originals", "originals"), ("grid", "the grid"), ("small", "the small copies"))
        if rows[name][where]["value"] > rows[OURS][where]["value"]
    ]
    return f"Of the networks, {reached}: " + (
        f"better than v3 is {' and '.join(better)}." if better else "none of them is better than v3 anywhere."
    )


def _cost(rows: dict[str, Json], times: Json, decode: float, deep: Sequence[str]) -> str:
    """How much longer the networks take, how much larger they are, and whether that is the tenth that was aimed at."""
    ours = times[OURS]
    told = "; ".join(
        f"{DEEP[name]} takes {times[name]['whole'] / ours['whole']:.1f} times as long, and "
        f"{times[name]['own'] / ours['own']:.0f} times once the file is decoded, and is "
        f"{rows[name]['bytes'] / rows[OURS]['bytes']:,.0f} times as large"
        for name in deep
    )
    missed = [
        f"{DEEP[name]}, of whose time decoding the file is {100 * decode / times[name]['whole']:.0f} %"
        for name in deep
        if times[name]["whole"] < TENTH * ours["whole"]
    ]
    return (
        f"A verdict of v3 takes {ours['whole']:.2f} ms, and {ours['own']:.2f} of them its own; {told}: a tenth of a "
        f"network's time or less is "
        + (f"not reached beside {' and '.join(missed)}." if missed else "reached beside each.")
    )
