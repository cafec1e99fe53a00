"""The figures of an evaluation, as JSON that Bokeh's script in the page draws."""

import json
import math
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from bokeh.core.json_encoder import serialize_json
from bokeh.embed import json_item
from bokeh.events import DoubleTap, Tap
from bokeh.models import ColumnDataSource, CustomJS, FixedTicker, HoverTool, Model, TabPanel, Tabs
from bokeh.plotting import figure
from bokeh.resources import Resources
from bokeh.transform import factor_cmap, factor_mark

from github_avatars import classifier, identicon
from github_avatars.evaluation.results import Evaluation, Json
from github_avatars.features import NAMES, Features
from github_avatars.training import dataset

COLORS = ("#1f6feb", "#bc4c00")
MARKERS = ("circle", "triangle")
"""The appearance of the labels, in the order of dataset.LABELS. Shapes differ too, for readers who are color-blind."""

PLANES = (
    ("distinct_colors", "identicon_error"),
    ("github_grey", "identicon_error"),
    ("distinct_colors", "github_grey"),
)
"""The pairs of features that are plotted, x and y."""

TICKS = {
    "github_grey": (0, 100, 200, 300, 400, 500, identicon.SAMPLE**2),
    "distinct_colors": (1, 2, 4, 8, 16, 32, 64, 128, 256, identicon.SAMPLE**2),
    "identicon_error": (0, 0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1),
}
"""The ticks of the axes, in the unit of each feature. The first and the last are the ends of its range."""

WORDS = {name: name.replace("_", " ").replace("github", "GitHub") for name in NAMES}
SHORT = {name: name.split("_")[1] for name in NAMES}

CERTAINTIES = (0.01, 0.1, 0.5, 0.9, 0.99)
"""The probabilities of "default" at which the color of the decision surface changes."""

BANDS = ("#fbe3d3", "#fdf0e7", "#fef9f5", "#f6f9fe", "#e9f1fd", "#d8e6fb")

STEP, MAX_RADIUS, ASPECT = 0.0025, 0.04, 1.5
"""Pictures at the same position are drawn in a disc: the distance between them and the largest radius, as fractions of
the x axis, and the factor for the shorter y axis."""

NEAREST = Path(__file__).with_name("nearest.js").read_text(encoding="utf-8")
SHOW = f"{NEAREST}const {{indices, index, x: atX, y: atY}} = cb_data.vars; return index === nearest(indices, atX, atY)"
PIN = f"""{NEAREST}
const clicked = nearest([...source.data[x].keys()], cb_obj.x, cb_obj.y)
if (distance(clicked, cb_obj.x, cb_obj.y) <= tolerance) {{
  source.selected.indices = source.selected.indices.includes(clicked) ? [] : [clicked]
}}
"""
CLICK_TOLERANCE = 8
"""The largest distance between a click and the center of a point, in pixels."""

TOOLTIP = Path(__file__).with_name("tooltip.html").read_text(encoding="utf-8")


def build(evaluation: Evaluation, thumbnails: dict[str, str]) -> dict[str, Json]:
    """The figures of an evaluation by name, as the JSON that Bokeh.embed.embed_item takes.

    `thumbnails` are data URLs by file name.
    """
    models = {
        "features": _features(evaluation.pictures, thumbnails),
        "reliability": _reliability(evaluation.reliability),
    }
    if curve := evaluation.learning_curve:
        models |= {"accuracy": _curve(curve, "accuracy"), "brier": _curve(curve, "brier")}
    return {name: _item(model) for name, model in models.items()}


def script() -> str:
    """The source of Bokeh's script."""
    return "\n".join(Resources(mode="inline", components=["bokeh"]).js_raw)


def scaled(name: str, value: float) -> float:
    """A feature on the scale of Features.row(), which the figures use."""
    feature: dict[str, Any] = {name: value}
    return replace(Features(0, 1, 0.0), **feature).row()[NAMES.index(name)]


def _axis_range(name: str) -> tuple[float, float]:
    """The ends of an axis that shows the whole range of a feature with a margin."""
    low, high = scaled(name, TICKS[name][0]), scaled(name, TICKS[name][-1])
    return low - (high - low) / 14, high + (high - low) / 14


def _features(pictures: list[Json], thumbnails: dict[str, str]) -> Tabs:
    """The scatter plots of the features: one tab for each plane. A picture selected in one is selected in all."""
    # Wrong predictions come last, so that they are drawn on top.
    pictures = sorted(pictures, key=lambda picture: picture["prediction"] != picture["label"])
    is_wrong = [picture["prediction"] != picture["label"] for picture in pictures]
    source = ColumnDataSource(
        {
            "edge": ["#000000" if wrong else "#ffffff99" for wrong in is_wrong],
            "edge_width": [2 if wrong else 0.5 for wrong in is_wrong],
            "file": [picture["file"] for picture in pictures],
            "label": [picture["label"] for picture in pictures],
            "family": [picture["family"] for picture in pictures],
            "prediction": [picture["prediction"] for picture in pictures],
            "thumbnail": [thumbnails[picture["file"]] for picture in pictures],
            "probability": [f"{picture['probability']:.4f}" for picture in pictures],
            **{name: [picture["features"][name] for picture in pictures] for name in NAMES},
        },
        name="pictures",
    )
    return Tabs(
        tabs=[TabPanel(child=_plane(source, x, y), title=f"{SHORT[x]} × {SHORT[y]}") for x, y in PLANES],
        sizing_mode="stretch_width",
    )


def _plane(source: ColumnDataSource, x: str, y: str) -> figure:
    plot = _plot(WORDS[x], WORDS[y], height=520, x_range=_axis_range(x), y_range=_axis_range(y))
    for name, axis in ((x, plot.xaxis), (y, plot.yaxis)):
        positions = [scaled(name, tick) for tick in TICKS[name]]
        axis.ticker = FixedTicker(ticks=positions)
        axis.major_label_overrides = {
            position: f"{tick:g}" for position, tick in zip(positions, TICKS[name], strict=True)
        }
    _surface(plot, x, y)
    x_column, y_column = f"{x} in {x} and {y}", f"{y} in {x} and {y}"
    source.data[x_column], source.data[y_column] = _spread_out(x, source.data[x], y, source.data[y])
    points = plot.scatter(
        x_column,
        y_column,
        source=source,
        size=9,
        marker=factor_mark("label", MARKERS, dataset.LABELS),
        color=factor_cmap("label", COLORS, dataset.LABELS),
        line_color="edge",
        line_width="edge_width",
        fill_alpha=0.8,
        legend_group="label",
    )
    plot.add_layout(plot.legend[0], "above")
    plot.legend.update(orientation="horizontal", location="left", margin=0, padding=0, border_line_color=None)
    points.nonselection_glyph = None
    points.selection_glyph = points.glyph.clone(size=15, line_color="#000", line_width=3)
    variables = {"source": source, "x": x_column, "y": y_column, "plot": plot}
    hover = HoverTool(
        renderers=[points],
        tooltips=TOOLTIP,
        filters={"$index": CustomJS(args=variables, code=SHOW)},
        point_policy="snap_to_data",
        attachment="vertical",
    )
    plot.add_tools(hover)
    # Bokeh reports the second of two quick clicks as a double click, even if they are far apart.
    for event in (Tap, DoubleTap):
        plot.js_on_event(event, CustomJS(args=variables | {"tolerance": CLICK_TOLERANCE}, code=PIN))
    return plot


def _spread_out(x: str, x_values: Any, y: str, y_values: Any) -> tuple[list[float], list[float]]:
    """The positions of pictures in a plane. Pictures with equal features are spread over a disc, in a spiral."""
    golden_angle = math.pi * (3 - math.sqrt(5))
    x_width, y_width = (end - start for start, end in (_axis_range(x), _axis_range(y)))
    points = list(zip(x_values, y_values, strict=True))
    most = max(Counter(points).values(), default=1)
    step = min(STEP, MAX_RADIUS / math.sqrt(most))
    drawn: Counter[tuple[float, float]] = Counter()
    xs, ys = [], []
    for point in points:
        radius, angle = step * math.sqrt(drawn[point]), golden_angle * drawn[point]
        drawn[point] += 1
        xs.append(scaled(x, point[0]) + x_width * radius * math.cos(angle))
        ys.append(scaled(y, point[1]) + y_width * radius * math.sin(angle) * ASPECT)
    return xs, ys


def _surface(plot: figure, x: str, y: str) -> None:
    """Draw the classifier's probability as bands of color, with the third feature at its training mean."""
    shipped = classifier.shipped()
    weights = dict(zip(NAMES, shipped.weights, strict=True))
    means = dict(zip(NAMES, shipped.means, strict=True))
    (third,) = set(NAMES) - {x, y}
    # The surface extends beyond the axes for panning. The score is linear, so four corners are enough.
    wide_x, wide_y = (np.array([2 * start - end, 2 * end - start]) for start, end in (_axis_range(x), _axis_range(y)))
    constant = shipped.intercept + weights[third] * means[third]
    score = constant + weights[x] * wide_x[None, :] + weights[y] * wide_y[:, None]
    odds = [math.log(share / (1 - share)) for share in CERTAINTIES]
    plot.contour(
        wide_x,
        wide_y,
        score,
        levels=[-1e3, *odds, 1e3],
        fill_color=list(BANDS),
        line_color=["#57606a" if share == 0.5 else "#0000" for share in (0, *CERTAINTIES, 1)],
        line_dash="dashed",
    )


def _reliability(bins: list[Json]) -> figure:
    bins = [bin_ for bin_ in bins if bin_["count"]]
    most = max((bin_["count"] for bin_ in bins), default=1)
    columns = {
        "mean_probability": [bin_["mean_probability"] for bin_ in bins],
        "share_default": [bin_["share_default"] for bin_ in bins],
        "count": [bin_["count"] for bin_ in bins],
        "size": [8 + 22 * math.sqrt(bin_["count"] / most) for bin_ in bins],
    }
    whole = (-0.08, 1.08)
    plot = _plot("mean probability of default", "share that is default", height=380, x_range=whole, y_range=whole)
    plot.line([0, 1], [0, 1], color="#8c959f", line_dash="dashed")
    points = plot.scatter(
        "mean_probability",
        "share_default",
        size="size",
        source=ColumnDataSource(columns),
        fill_alpha=0.5,
        color=COLORS[0],
    )
    rows = [
        ("probability", "@mean_probability{0.000}"),
        ("default", "@share_default{0.000}"),
        ("predictions", "@count"),
    ]
    plot.add_tools(HoverTool(renderers=[points], tooltips=rows))
    return plot


def _curve(curve: list[Json], score: Literal["accuracy", "brier"]) -> figure:
    plot = _plot(
        "training pictures", f"{score.replace('brier', 'Brier score')}, held-out", height=300, x_axis_type="log"
    )
    pictures = [point["pictures"] for point in curve]
    source = ColumnDataSource({"pictures": pictures, score: [point[score] for point in curve]})
    plot.xaxis.ticker = FixedTicker(ticks=pictures)
    plot.xaxis.major_label_overrides = {count: str(count) for count in pictures}
    plot.line("pictures", score, source=source, color=COLORS[0], line_width=2)
    points = plot.scatter("pictures", score, source=source, color=COLORS[0], size=8)
    plot.add_tools(HoverTool(renderers=[points], tooltips=[("pictures", "@pictures"), (score, f"@{score}{{0.0000}}")]))
    return plot


def _plot(x: str, y: str, **options: Any) -> figure:
    plot = figure(
        x_axis_label=x,
        y_axis_label=y,
        sizing_mode="stretch_width",
        tools="pan,box_zoom,wheel_zoom,reset",
        toolbar_location="above",
        active_drag=None,
        **options,
    )
    plot.toolbar.logo = None
    plot.outline_line_color = "#d0d7de"
    plot.grid.grid_line_alpha = 0.4
    return plot


def _item(root: Model) -> Json:
    """The JSON for embed_item. Its ids are renumbered, because Bokeh counts them up through the whole process."""
    item: Json = _renumbered(json.loads(serialize_json(json_item(root))), {})
    return item


def _renumbered(node: Any, ids: dict[str, str]) -> Any:
    if isinstance(node, list):
        return [_renumbered(inner, ids) for inner in node]
    if not isinstance(node, dict):
        return node
    return {
        key: ids.setdefault(inner, f"m{len(ids)}") if key in ("id", "root_id") else _renumbered(inner, ids)
        for key, inner in node.items()
    }
