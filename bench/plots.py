"""`python -m bench.plots result.json folder`: draws what a run has written, as SVG."""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt

_SIZE = (10.0, 8.0)
Json = Mapping[str, Any]


def main() -> None:
    """Draw latency and sums against the size of the store, and ingest against that of batches."""
    parser = argparse.ArgumentParser(prog="python -m bench.plots", description=__doc__)
    parser.add_argument("result", type=Path)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    mpl.use("svg")
    # The same result is to make the same file.
    mpl.rcParams["svg.hashsalt"] = "lrs"
    arguments.folder.mkdir(parents=True, exist_ok=True)
    series = json.loads(arguments.result.read_text(encoding="utf-8"))["series"]
    points = series.get("growth") or []
    if points:
        _draw_growth(points, "pages", "first page of 50, p50", arguments.folder / "pages.svg")
        _draw_growth(points, "sums", "sum over the whole store", arguments.folder / "sums.svg")
    if "ingest" in series:
        _draw_ingest(series["ingest"], arguments.folder / "ingest.svg")


def _draw_growth(points: Sequence[Json], kind: str, title: str, place: Path) -> None:
    names = list(dict.fromkeys(name for point in points for name in point[kind]))
    panels = [panel for panel in (_plain(names), _combined(names)) if panel]
    figure, rows = plt.subplots(
        len(panels), squeeze=False, sharex=True, figsize=_SIZE, layout="constrained"
    )
    for axes, panel in zip(rows[:, 0], panels, strict=True):
        for name, colour in zip(panel, _colours(), strict=False):
            known = [point for point in points if name in point[kind]]
            sizes = [point["statements"] for point in known]
            latencies = [point[kind][name] for point in known]
            axes.plot(sizes, latencies, marker=".", color=colour, label=name)
        axes.set(xscale="log", ylabel="ms", ylim=(0, None))
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize="x-small")
    rows[0, 0].set_title(title)
    rows[-1, 0].set_xlabel("statements in the store")
    _save(figure, place)


def _plain(names: Sequence[str]) -> list[str]:
    return [name for name in names if name not in _combined(names)]


def _combined(names: Sequence[str]) -> list[str]:
    """Return those that combine filters, which have a panel of their own."""
    return [name for name in names if " and " in name]


def _colours() -> Sequence[Any]:
    return [mpl.colormaps["tab20"](number) for number in range(20)]


def _draw_ingest(sizes: Mapping[str, Json], place: Path) -> None:
    figure, axes = plt.subplots(figsize=_SIZE, layout="constrained")
    batches = sorted(int(size) for size in sizes)
    for name, label in (("measured", "over HTTP, 2 clients"), ("limit", "COPY, one connection")):
        rates = [median(sizes[str(size)][name]) for size in batches]
        axes.plot(batches, rates, marker="o", label=label)
    axes.set(xscale="log", xlabel="statements in a batch", ylabel="statements/s", title="ingest")
    axes.set_ylim(0, None)
    axes.legend()
    _save(figure, place)


def _save(figure: Any, place: Path) -> None:  # noqa: ANN401 - a Figure; there are no stubs
    figure.savefig(place, metadata={"Date": None})
    plt.close(figure)


if __name__ == "__main__":
    main()
