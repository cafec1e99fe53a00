"""The result of an evaluation as text: Markdown tables, which are also readable in a terminal."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from github_avatars.evaluation.results import Evaluation, Json
from github_avatars.text import printable
from github_avatars.training import dataset
from github_avatars.training.dataset import LABELS

NOTHING = "–"

SMALL = 20
"""Pixels a side. Copies of this size or larger are summarized in one row, smaller ones by size."""


def percent(share: float | None, up: bool = False) -> str:
    """A share (0 to 1) in per cent with one decimal, rounded down, or up if `up` is true.

    Rounding down, "100.0" always means all; rounding up, "0.0" always means none.
    """
    if share is None:
        return NOTHING
    tenths = share * 1000
    return f"{(math.ceil(tenths - 1e-6) if up else math.floor(tenths + 1e-6)) / 10:.1f}"


def interval(share: Json) -> str:
    """The confidence interval of a share, in per cent."""
    return NOTHING if share["low"] is None else f"{percent(share['low'])}–{percent(share['high'], up=True)}"


def number(value: float | None, digits: int = 4) -> str:
    """A number with this many decimals; a dash for None."""
    return NOTHING if value is None else f"{value:.{digits}f}"


def as_text(evaluation: Evaluation) -> str:
    """The whole evaluation: scores, wrong predictions by file, and unreadable files."""
    used = "a model that was fitted without it" if evaluation.held_out else "the model"
    parts = [
        f"{len(evaluation.pictures)} pictures of {evaluation.directory}, each classified by {used}.",
        scores(evaluation),
        confusion(evaluation),
        errors(evaluation),
        "Degraded copies: % right and, below, the 95 % interval, by kind and by size in pixels.",
        robustness(evaluation),
        means(evaluation),
        "Reliability of the probabilities, originals and copies together.",
        reliability(evaluation),
        families(evaluation),
        unreadable(evaluation),
    ]
    return "\n\n".join(part for part in parts if part)


def scores(evaluation: Evaluation) -> str:
    """Accuracy, precision, recall and Brier score of the originals."""
    shares = {name: evaluation.scores[name] for name in ("accuracy", "precision", "recall")}
    rows = [(name, f"{percent(share['value'])} %", f"{interval(share)} %") for name, share in shares.items()]
    return table(("score", "value", "95 % interval"), [*rows, ("Brier score", number(evaluation.scores["brier"]), "")])


def confusion(evaluation: Evaluation) -> str:
    """The confusion matrix of the originals."""
    counts = evaluation.scores["confusion"]
    return table(
        ("label", *(f"predicted {predicted}" for predicted in LABELS)),
        [(label, *(str(counts[label][predicted]) for predicted in LABELS)) for label in LABELS],
    )


def errors(evaluation: Evaluation) -> str:
    """The pictures with a wrong prediction for the original or a copy, those with the most wrong copies first."""
    copies: dict[str, list[Json]] = defaultdict(list)
    for error in evaluation.robustness_errors:
        copies[error["file"]].append(error)
    rows = [
        (
            picture["file"],
            picture["label"],
            "right" if picture["prediction"] == picture["label"] else "WRONG",
            str(len(copies[picture["file"]])),
            _sizes(copies[picture["file"]]),
            ", ".join(dict.fromkeys(error["kind"] for error in copies[picture["file"]])),
        )
        for picture in sorted(evaluation.pictures, key=lambda picture: (-len(copies[picture["file"]]), picture["file"]))
        if picture["prediction"] != picture["label"] or copies[picture["file"]]
    ]
    if not rows:
        return "All predictions are right."
    return table(("file", "label", "prediction", "wrong copies", "sizes", "kinds"), rows)


def _sizes(wrong: list[Json]) -> str:
    sizes = sorted({error["size"] for error in wrong})
    return f"{sizes[0]}–{sizes[-1]}" if len(sizes) > 1 else "".join(map(str, sizes))


def robustness(evaluation: Evaluation) -> str:
    """The accuracy for degraded copies, each with its interval below, by kind (rows) and size (columns)."""
    cells = {(cell["kind"], cell["size"]): cell for cell in evaluation.robustness}
    sizes = list(dict.fromkeys(size for _, size in cells))
    rows: list[tuple[str, ...]] = []
    for kind in dict.fromkeys(kind for kind, _ in cells):
        rows.append((kind, *(percent(cells[kind, size]["value"]) for size in sizes)))
        rows.append(("", *(interval(cells[kind, size]) for size in sizes)))
    return table(("kind", *map(str, sizes)), rows)


def mean(evaluation: Evaluation, sizes: Iterable[int]) -> float | None:
    """The accuracy for the copies of these sizes together; None if there are none."""
    included = set(sizes)
    cells = [cell for cell in evaluation.robustness if cell["size"] in included and cell["count"]]
    return sum(cell["right"] for cell in cells) / sum(cell["count"] for cell in cells) if cells else None


def means(evaluation: Evaluation) -> str:
    """The accuracy for the copies of each size below SMALL, and of all others together."""
    sizes = sorted({cell["size"] for cell in evaluation.robustness})
    rows = [(f"{size} px", f"{percent(mean(evaluation, [size]))} %") for size in sizes if size < SMALL]
    large = [size for size in sizes if size >= SMALL]
    return table(
        ("copies", "right"),
        [
            *rows,
            (f"{large[0]} px and more", f"{percent(mean(evaluation, large))} %"),
            ("Brier score of all", number(evaluation.robustness_brier)),
        ],
    )


def reliability(evaluation: Evaluation) -> str:
    """The reliability table: predicted and true probabilities of "default", and whether they agree."""
    rows = [
        (
            f"{bin_['low']:.1f}–{bin_['high']:.1f}",
            str(bin_["count"]),
            str(bin_["pictures"]),
            number(bin_["mean_probability"], 3),
            number(bin_["share_default"], 3),
            NOTHING if bin_["share_low"] is None else f"{bin_['share_low']:.3f}–{bin_['share_high']:.3f}",
            _agreement(bin_),
        )
        for bin_ in evaluation.reliability
    ]
    return table(("probability", "count", "pictures", "mean", "share of default", "95 % interval", "mean within"), rows)


def _agreement(bin_: Json) -> str:
    """Whether the mean probability of a bin is within the interval of its share of "default"."""
    if not bin_["count"]:
        return NOTHING
    return "yes" if bin_["share_low"] <= bin_["mean_probability"] <= bin_["share_high"] else "no"


def families(evaluation: Evaluation, failing: bool = False) -> str:
    """The accuracy by family, for originals and copies; empty if no picture has a family.

    With `failing`, only the families with wrong predictions.
    """
    family_of = {picture["file"]: picture["family"] for picture in evaluation.pictures}
    wrong = Counter(family_of[error["file"]] for error in evaluation.robustness_errors)
    cells = len(evaluation.robustness)
    rows = [
        (
            family["family"],
            str(family["count"]),
            f"{percent(family['value'])} % ({interval(family)})",
            NOTHING
            if dataset.is_lookalike(family["family"])
            else f"{percent(1 - wrong[family['family']] / (family['count'] * cells))} %",
        )
        for family in sorted(evaluation.families, key=lambda family: (-wrong[family["family"]], family["family"]))
        if not failing or wrong[family["family"]] or family["right"] < family["count"]
    ]
    return table(("family", "pictures", "right (95 % interval)", "copies right"), rows) if rows else ""


def unreadable(evaluation: Evaluation) -> str:
    """The unreadable files and the reasons; empty if there are none."""
    rows = [(row["file"], row["reason"]) for row in evaluation.unreadable]
    return table(("unreadable file", "reason"), rows) if rows else ""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table with aligned columns: those with letters to the left, the others to the right."""
    # File names may contain control sequences for the terminal.
    lines = [tuple(printable(cell.replace("|", "\\|").replace("\n", " ")) for cell in row) for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    texts = [_is_text(column) for column in zip(*lines[1:], strict=True)] or [True] * len(head)

    def line(row: Sequence[str]) -> str:
        cells = (
            cell.ljust(width) if text else cell.rjust(width)
            for cell, width, text in zip(row, widths, texts, strict=True)
        )
        return f"| {' | '.join(cells)} |"

    rule = "|".join(
        "-" * (width + 2) if text else "-" * (width + 1) + ":" for width, text in zip(widths, texts, strict=True)
    )
    return "\n".join([line(lines[0]), f"|{rule}|", *map(line, lines[1:])])


def _is_text(column: Sequence[str]) -> bool:
    return any(character.isalpha() for cell in column for character in cell)
