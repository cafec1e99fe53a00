"""The results of an evaluation as Markdown tables, for people; each takes what Evaluation.as_json gives."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from github_avatars.evaluation.scoring import Json
from github_avatars.training.dataset import LABELS

NOTHING = "–"

SMALL = 20
"""Pixels a side from which on copies are counted as one; the sizes below are told apart."""


def percent(part: float | None, up: bool = False) -> str:
    """A share of 1 in per cent with one decimal, rounded down or up, so that 100.0 means all and 0.0 none."""
    if part is None:
        return NOTHING
    tenths = part * 1000
    return f"{(math.ceil(tenths - 1e-6) if up else math.floor(tenths + 1e-6)) / 10:.1f}"


def interval(share: Json) -> str:
    """From where to where a share may lie, in per cent."""
    return NOTHING if share["low"] is None else f"{percent(share['low'])}–{percent(share['high'], up=True)}"


def number(value: float | None, digits: int = 4) -> str:
    """A number with so many decimals, or a dash for None."""
    return NOTHING if value is None else f"{value:.{digits}f}"


def scores(found: Json) -> str:
    """Accuracy, precision, recall and Brier score of the pictures as they are."""
    named = [(name, found["scores"][name]) for name in ("accuracy", "precision", "recall")]
    rows = [(name, f"{percent(share['value'])} %", f"{interval(share)} %") for name, share in named]
    return table(("score", "value", "95 % interval"), [*rows, ("Brier score", number(found["scores"]["brier"]), "")])


def confusion(found: Json) -> str:
    """What the pictures of each label were taken for."""
    counts = found["scores"]["confusion"]
    return table(
        ("label", *(f"taken for {said}" for said in LABELS)),
        [(label, *(str(counts[label][said]) for said in LABELS)) for label in LABELS],
    )


def errors(found: Json) -> str:
    """The pictures that were judged wrong, as they are or as copies, those with most wrong copies first."""
    copies: dict[str, list[Json]] = defaultdict(list)
    for error in found["robustness_errors"]:
        copies[error["file"]].append(error)
    rows = [
        (
            picture["file"],
            picture["label"],
            "right" if picture["prediction"] == picture["label"] else "WRONG",
            str(len(copies[picture["file"]])),
            _sizes(copies[picture["file"]]),
            ", ".join(dict.fromkeys(error["column"] for error in copies[picture["file"]])),
        )
        for picture in sorted(found["pictures"], key=lambda picture: (-len(copies[picture["file"]]), picture["file"]))
        if picture["prediction"] != picture["label"] or copies[picture["file"]]
    ]
    if not rows:
        return "Nothing is judged wrong."
    return table(("file", "label", "judged", "wrong copies", "their sizes", "their codecs"), rows)


def _sizes(wrong: list[Json]) -> str:
    sizes = sorted({error["size"] for error in wrong})
    return f"{sizes[0]}–{sizes[-1]}" if len(sizes) > 1 else "".join(map(str, sizes))


def robustness(found: Json) -> str:
    """The share of copies that were judged right, and below each its interval, sizes down and codecs across."""
    cells = {(cell["size"], cell["column"]): cell for cell in found["robustness"]}
    columns = list(dict.fromkeys(column for _, column in cells))
    rows: list[tuple[str, ...]] = []
    for size in dict.fromkeys(size for size, _ in cells):
        rows.append((str(size), *(percent(cells[size, column]["value"]) for column in columns)))
        rows.append(("", *(interval(cells[size, column]) for column in columns)))
    return table(("size", *columns), rows)


def mean(found: Json, sizes: Iterable[int]) -> float | None:
    """The mean over the robustness table's cells of these sizes; all cells count as many copies. None of nothing."""
    wanted = set(sizes)
    cells = [cell for cell in found["robustness"] if cell["size"] in wanted and cell["count"]]
    return sum(cell["right"] for cell in cells) / sum(cell["count"] for cell in cells) if cells else None


def means(found: Json) -> str:
    """The means over the robustness table: of each size below SMALL, and of the others together."""
    sizes = sorted({cell["size"] for cell in found["robustness"]})
    rows = [(f"{size} px", f"{percent(mean(found, [size]))} %") for size in sizes if size < SMALL]
    large = [size for size in sizes if size >= SMALL]
    return table(
        ("copies", "right"),
        [
            *rows,
            (f"{large[0]} px and more", f"{percent(mean(found, large))} %"),
            ("Brier score of all", number(found["robustness_brier"])),
        ],
    )


def reliability(found: Json) -> str:
    """Said and true probabilities of "default", bin by bin."""
    rows = [
        (
            f"{bin_['low']:.1f}–{bin_['high']:.1f}",
            str(bin_["count"]),
            number(bin_["mean_probability"], 3),
            number(bin_["share_default"], 3),
        )
        for bin_ in found["reliability"]
    ]
    return table(("probability", "count", "mean", "share of default"), rows)


def families(found: Json, failing: bool = False) -> str:
    """How each family of pictures fares, as it is and as copies; nothing where no family is known.

    With `failing`, only those families of which something was judged wrong.
    """
    family_of = {picture["file"]: picture["family"] for picture in found["pictures"]}
    wrong = Counter(family_of[error["file"]] for error in found["robustness_errors"])
    cells = len(found["robustness"])
    rows = [
        (
            family["family"],
            str(family["count"]),
            f"{percent(family['value'])} % ({interval(family)})",
            f"{percent(1 - wrong[family['family']] / (family['count'] * cells))} %",
        )
        for family in sorted(found["families"], key=lambda family: (-wrong[family["family"]], family["family"]))
        if not failing or wrong[family["family"]] or family["right"] < family["count"]
    ]
    return table(("family", "pictures", "right (95 % interval)", "copies right"), rows) if rows else ""


def unreadable(found: Json) -> str:
    """The files that could not be judged, and why; nothing where there are none."""
    rows = [(row["file"], row["reason"]) for row in found["unreadable"]]
    return table(("unreadable file", "reason"), rows) if rows else ""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table whose columns line up in a terminal, too; what is no number stands to the left."""
    lines = [tuple(cell.replace("|", "\\|").replace("\n", " ") for cell in row) for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    texts = [_is_text(column) for column in zip(*lines[1:], strict=True)] or [True] * len(head)

    def shown(row: Sequence[str]) -> str:
        cells = (
            cell.ljust(width) if text else cell.rjust(width)
            for cell, width, text in zip(row, widths, texts, strict=True)
        )
        return f"| {' | '.join(cells)} |"

    rule = "|".join(
        "-" * (width + 2) if text else "-" * (width + 1) + ":" for width, text in zip(widths, texts, strict=True)
    )
    return "\n".join([shown(lines[0]), f"|{rule}|", *map(shown, lines[1:])])


def _is_text(column: Sequence[str]) -> bool:
    return any(character.isalpha() for cell in column for character in cell)
