"""The result of a run, for people as a table and for programs as JSON."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from bench.rows import Row, Unit
from bench.spread import Spread

_HEADINGS = ("figure", "measured", "beside", "ratio", "target", "met")
_MET = {None: "", True: "yes", False: "NO"}
_PLACES: Mapping[Unit, int] = {
    "statements/s": 0, "requests/s": 0, "µs": 1, "ms": 2, "s": 2, "MiB": 0, "bytes": 0,
}  # fmt: skip


def table(rows: Iterable[Row]) -> str:
    """Write rows as a table in Markdown, and their notes below it."""
    shown = list(rows)
    lines = [_HEADINGS, *(_cells(row) for row in shown)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(_HEADINGS))]
    ruled = [lines[0], tuple("-" * width for width in widths), *lines[1:]]
    drawn = [_drawn(line, widths) for line in ruled]
    notes = [f"- {row.label}: {row.note}" for row in shown if row.note]
    return "\n".join([*drawn, "", *notes]) if notes else "\n".join(drawn)


def markdown(rows: Sequence[Row], about: Mapping[str, object]) -> str:
    """Write the whole result for people."""
    main = [row for row in rows if not row.is_detail]
    detail = [row for row in rows if row.is_detail]
    parts = ["\n".join(f"{name}: {_plain(value)}" for name, value in about.items()), table(main)]
    if detail:
        parts.append(table(detail))
    return "\n\n".join(parts) + "\n"


def write(
    directory: Path,
    name: str,
    rows: Sequence[Row],
    about: Mapping[str, object],
    series: Mapping[str, object],
) -> Path:
    """Write the result as `name.json` and `name.md`, and return the path of the first."""
    directory.mkdir(parents=True, exist_ok=True)
    place = directory / f"{name}.json"
    content = {"about": about, "rows": [_plain_row(row) for row in rows], "series": series}
    place.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    place.with_suffix(".md").write_text(markdown(rows, about), encoding="utf-8")
    return place


def _cells(row: Row) -> tuple[str, ...]:
    ratio = row.ratio
    return (
        row.label,
        _spread(row.measured, row.unit),
        f"{_spread(row.limit, row.unit)} {row.beside}" if row.limit else row.beside,
        _numbers(ratio, 2) if ratio else "",
        str(row.target or ""),
        _MET[row.is_met],
    )


def _spread(values: Sequence[float], unit: Unit) -> str:
    if not values:
        return "-"
    return f"{_numbers(Spread.of(values), _PLACES[unit])} {unit}"


def _numbers(spread: Spread, places: int) -> str:
    median = f"{spread.median:,.{places}f}"
    if spread.low == spread.high:
        return median
    return f"{median} ({spread.low:,.{places}f}..{spread.high:,.{places}f})"


def _drawn(line: Sequence[str], widths: Sequence[int]) -> str:
    cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
    return "| " + " | ".join(cells) + " |"


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return ", ".join(f"{name} {part}" for name, part in value.items())
    return value


def _plain_row(row: Row) -> dict[str, object]:
    ratio = row.ratio
    return {
        "figure": row.figure,
        "label": row.label,
        "unit": row.unit,
        "measured": list(row.measured),
        "limit": list(row.limit),
        "beside": row.beside,
        "ratio": ratio._asdict() if ratio else None,
        "target": str(row.target) if row.target else None,
        "is_met": row.is_met,
        "note": row.note,
        "details": dict(row.details),
    }
