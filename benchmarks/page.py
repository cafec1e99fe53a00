"""Writes docs/benchmarks.md from docs/benchmarks.json."""

import json
import textwrap
from pathlib import Path
from typing import Any

from benchmarks import budget, growth, packages, picture, scaling, scan, server, start, verification
from github_avatars.errors import BadDataset

DOCS = Path(__file__).resolve().parent.parent / "docs"
PATH = DOCS / "benchmarks.md"

PARTS = {
    "picture": picture,
    "verification": verification,
    "budget": budget,
    "server": server,
    "start": start,
    "scan": scan,
    "scaling": scaling,
    "packages": packages,
    "growth": growth,
}
"""The modules that measure, in the order of the page. Each has `measure(rounds)` and `section(results)`."""

HEAD = """\
# Benchmarks

`script/benchmark` measures all parts of this page, or those that are named on its command line, and stores the results
in [benchmarks.json](benchmarks.json). All parts together take less than 20 minutes on two idle processor cores. With
`--against COMMIT`, it measures the code of another commit in the same rounds, where that is possible. Compare the
ratios, not the times: all candidates of a table ran alternately on the same machine. Times are processor time unless
stated otherwise. Each number is the median, followed by the quartiles in parentheses."""


def page() -> str:
    """Return the page."""
    return render(load_results(DOCS))


def load_results(folder: Path) -> dict[str, Any]:
    """Load benchmarks.json, or return an empty dict if it does not exist. Raises BadDataset if it is not JSON."""
    path = folder / "benchmarks.json"
    try:
        results: dict[str, Any] = json.loads(path.read_bytes()) if path.exists() else {}
    except ValueError as error:
        raise BadDataset(f"{path} is not JSON ({error}): restore it from the repository, or delete it.") from error
    return results


def render(results: dict[str, Any]) -> str:
    """Write the page for all parts in the results."""
    sections = [HEAD]
    for name, module in PARTS.items():
        if name in results:
            machine = ", ".join(
                value if key in ("date", "machine") else f"{key} {value}"
                for key, value in results[name]["made"].items()
            )
            sections.append(f"{module.section(results[name]['measured']).strip()}\n\nMeasured on {machine}.")
    return "\n\n".join(_wrap(paragraph) for section in sections for paragraph in section.split("\n\n")) + "\n"


def _wrap(paragraph: str) -> str:
    return paragraph if paragraph.startswith(("#", "|")) else textwrap.fill(paragraph, 120, break_on_hyphens=False)
