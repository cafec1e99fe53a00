"""An evaluation's figures, as what Bokeh's script in the page draws them from."""

import json
import math
from collections import Counter, defaultdict
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
from github_avatars.features import NAMES, Features
from github_avatars.training import dataset

Json = dict[str, Any]

COLORS = ("#1f6feb", "#bc4c00")
MARKERS = ("circle", "triangle")
"""How the labels look, in the order of dataset.LABELS: by more than the color, which not everybody sees."""

PLANES = (
    ("distinct_colors", "identicon_error"),
    ("github_grey", "identicon_error"),
    ("distinct_colors", "github_grey"),
)
"""The pairs of features that are plotted, each as x and y."""

TICKS = {
    "github_grey": (0, 100, 200, 300, 400, 500, identicon.SAMPLE**2),
    "distinct_colors": (1, 2, 4, 8, 16, 32, 64, 128, 256, identicon.SAMPLE**2),
    "identicon_error": (0, 0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1),
}
"""Where the axes are labelled, in each feature's unit; the first and the last are the ends of its scale."""

WORDS = {name: name.replace("_", " ").replace("github", "GitHub") for name in NAMES}
SHORT = {name: name.split("_")[1] for name in NAMES}

CERTAINTIES = (0.01, 0.1, 0.5, 0.9, 0.99)
"""The probabilities of "default" between which the decision surface changes its color."""

BANDS = ("#fbe3d3", "#fdf0e7", "#fef9f5", "#f6f9fe", "#e9f1fd", "#d8e6fb")

STEP, ROOM, ASPECT = 0.0025, 0.04, 1.5
"""How far apart, in parts of the x axis, pictures are drawn that would hide one another, and how far out at the most.

The y axis is shorter, so that there it is more of it.
"""

NEAREST = Path(__file__).with_name("nearest.js").read_text(encoding="utf-8")
SHOW = f"{NEAREST}const {{indices, index, x: atX, y: atY}} = cb_data.vars; return index === nearest(indices, atX, atY)"
PIN = f"""{NEAREST}
const clicked = nearest([...source.data[x].keys()], cb_obj.x, cb_obj.y)
if (far(clicked, cb_obj.x, cb_obj.y) <= reach) {{
  source.selected.indices = source.selected.indices.includes(clicked) ? [] : [clicked]
}}
"""
REACH = 8
"""How many pixels beside a point's middle a click may be."""

TOOLTIP = Path(__file__).with_name("tooltip.html").read_text(encoding="utf-8")


def of(result: Json, pictures: list[Json]) -> dict[str, Json]:
    """The figures of an evaluation by name, each the item that Bokeh.embed.embed_item takes.

    `pictures` are those of `result`, each with its "thumbnail".
    """
    found = {"features": _features(pictures), "reliability": _reliability(result["reliability"])}
    if curve := result.get("learning_curve"):
        found |= {"accuracy": _curve(curve, "accuracy"), "brier": _curve(curve, "brier")}
    return {name: _item(drawn) for name, drawn in found.items()}


def script() -> str:
    """Bokeh's own script, whole."""
    return "\n".join(Resources(mode="inline", components=["bokeh"]).js_raw)


def scaled(name: str, value: float) -> float:
    """A feature's value on the scale on which the classifier sees it and the figures draw it (Features.row)."""
    change: dict[str, Any] = {name: value}
    return replace(Features(0, 1, 0.0), **change).row()[NAMES.index(name)]


def _reach(name: str) -> tuple[float, float]:
    """From where to where an axis goes that shows the whole scale of a feature."""
    low, high = scaled(name, TICKS[name][0]), scaled(name, TICKS[name][-1])
    return low - (high - low) / 14, high + (high - low) / 14


def _features(pictures: list[Json]) -> Tabs:
    """The scatter of feature space: one tab for each plane, with the same pictures selected in all of them."""
    # What comes last is drawn on top.
    pictures = sorted(pictures, key=lambda picture: picture["prediction"] != picture["label"])
    mistaken = [picture["prediction"] != picture["label"] for picture in pictures]
    source = ColumnDataSource(
        {
            "edge": ["#000000" if wrong else "#ffffff99" for wrong in mistaken],
            "edge_width": [2 if wrong else 0.5 for wrong in mistaken],
            **{
                name: [picture[name] for picture in pictures]
                for name in ("file", "label", "family", "prediction", "thumbnail")
            },
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
    plot = _plot(WORDS[x], WORDS[y], height=520, x_range=_reach(x), y_range=_reach(y))
    for name, axis in ((x, plot.xaxis), (y, plot.yaxis)):
        places = [scaled(name, tick) for tick in TICKS[name]]
        axis.ticker = FixedTicker(ticks=places)
        axis.major_label_overrides = {place: f"{tick:g}" for place, tick in zip(places, TICKS[name], strict=True)}
    _surface(plot, x, y)
    across, down = f"{x} in {x} and {y}", f"{y} in {x} and {y}"
    source.data[across], source.data[down] = _fanned(x, source.data[x], y, source.data[y])
    points = plot.scatter(
        across,
        down,
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
    seen = {"source": source, "x": across, "y": down, "plot": plot}
    hover = HoverTool(
        renderers=[points],
        tooltips=TOOLTIP,
        filters={"$index": CustomJS(args=seen, code=SHOW)},
        point_policy="snap_to_data",
        attachment="vertical",
    )
    plot.add_tools(hover)
    # Of two clicks in quick succession, wherever they are, Bokeh takes the second for a double click.
    for clicked in (Tap, DoubleTap):
        plot.js_on_event(clicked, CustomJS(args=seen | {"reach": REACH}, code=PIN))
    return plot


def _fanned(x: str, x_values: Any, y: str, y_values: Any) -> tuple[list[float], list[float]]:
    """Where to draw pictures of these two features, so that those at the very same spot lie side by side in a disc."""
    golden = math.pi * (3 - math.sqrt(5))
    widths = [end - start for start, end in (_reach(x), _reach(y))]
    places = list(zip(x_values, y_values, strict=True))
    most = max(Counter(places).values(), default=1)
    step = min(STEP, ROOM / math.sqrt(most))
    met: Counter[tuple[float, float]] = Counter()
    xs, ys = [], []
    for place in places:
        radius, angle = step * math.sqrt(met[place]), golden * met[place]
        met[place] += 1
        xs.append(scaled(x, place[0]) + widths[0] * radius * math.cos(angle))
        ys.append(scaled(y, place[1]) + widths[1] * radius * math.sin(angle) * ASPECT)
    return xs, ys


def _surface(plot: figure, x: str, y: str) -> None:
    """The bands of the probability that the classifier gives where the third feature is at its training mean."""
    shipped = classifier.shipped()
    weights = dict(zip(NAMES, shipped.weights, strict=True))
    means = dict(zip(NAMES, shipped.means, strict=True))
    (third,) = set(NAMES) - {x, y}
    # Beyond the axes too, so that moving the view shows no end. The score is linear, so four corners are enough.
    wide_x, wide_y = (np.array([2 * start - end, 2 * end - start]) for start, end in (_reach(x), _reach(y)))
    held = shipped.intercept + weights[third] * means[third]
    score = held + weights[x] * wide_x[None, :] + weights[y] * wide_y[:, None]
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
    filled = [found for found in bins if found["count"]]
    most = max((found["count"] for found in filled), default=1)
    columns = defaultdict(list)
    for found in filled:
        for name in ("mean_probability", "share_default", "count"):
            columns[name].append(found[name])
        columns["size"].append(8 + 22 * math.sqrt(found["count"] / most))
    whole = (-0.08, 1.08)
    plot = _plot("mean probability of default", "share that is default", height=380, x_range=whole, y_range=whole)
    plot.line([0, 1], [0, 1], color="#8c959f", line_dash="dashed")
    points = plot.scatter(
        "mean_probability",
        "share_default",
        size="size",
        source=ColumnDataSource(dict(columns)),
        fill_alpha=0.5,
        color=COLORS[0],
    )
    rows = [("probability", "@mean_probability{0.000}"), ("default", "@share_default{0.000}"), ("pictures", "@count")]
    plot.add_tools(HoverTool(renderers=[points], tooltips=rows))
    return plot


def _curve(curve: list[Json], score: Literal["accuracy", "brier"]) -> figure:
    plot = _plot(
        "training pictures", f"{score.replace('brier', 'Brier score')}, held out", height=300, x_axis_type="log"
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
    """What embed_item takes. Bokeh numbers its models through the whole process; here they begin anew."""
    item: Json = _renumbered(json.loads(serialize_json(json_item(root))), {})
    return item


def _renumbered(node: Any, names: dict[str, str]) -> Any:
    if isinstance(node, list):
        return [_renumbered(inner, names) for inner in node]
    if not isinstance(node, dict):
        return node
    return {
        key: names.setdefault(inner, f"m{len(names)}") if key in ("id", "root_id") else _renumbered(inner, names)
        for key, inner in node.items()
    }
