"""Charts as inline SVG: a ROC curve, bars, a matrix, predictions against what came."""

from __future__ import annotations

from collections.abc import Sequence

from sqlml.chart_data import Bars, Chart, ConfusionMatrix, RocCurve
from sqlml.notebook.html import FAINT, TABLE, escape, note, short, tag

# Seen on white and on black; the letters are of the page's own colour.
_COLOUR = "#3b82c4"
_RGB = "59,130,196"
_SIDE, _LEFT, _BOTTOM, _TOP = 220, 46, 40, 24
_BARS, _LINE, _BAR_WIDTH, _NAMES = 20, 20, 220, 170
_CLASSES = 30
_CELL = "padding:0.3em 0.7em;text-align:right;border:1px solid rgba(128,128,128,0.3)"


def chart_html(chart: Chart) -> str:
    """A chart as HTML."""
    if isinstance(chart, RocCurve):
        return _roc_curve(chart)
    return _bars(chart) if isinstance(chart, Bars) else _matrix(chart)


def _svg(width: float, height: float, title: str, *parts: str) -> str:
    return tag(
        "svg",
        tag("title", escape(title)),
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        width=f"{width:g}",
        height=f"{height:g}",
        viewBox=f"0 0 {width:g} {height:g}",
        role="img",
        css="max-width:100%;font:12px sans-serif;fill:currentColor",
    )


def _text(x: float, y: float, text: str, *, anchor: str = "start", faint: bool = False, turned: bool = False) -> str:
    turn = {"transform": f"rotate(-90 {x:g} {y:g})"} if turned else {}
    return tag(
        "text",
        escape(text),
        x=f"{x:g}",
        y=f"{y:g}",
        text_anchor=anchor,
        opacity="0.65" if faint else "1",
        **turn,
    )


def _line(points: Sequence[tuple[float, float]], *, colour: str = "currentColor", dashed: bool = False) -> str:
    at = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    more = {"stroke_dasharray": "4 4", "opacity": "0.5"} if dashed else {"stroke_width": "2"}
    return tag("polyline", points=at, fill="none", stroke=colour, **more)


def square(title: str, across: str, upwards: str, ends: tuple[str, str], *parts: str) -> str:
    """A square plot with its axes; `parts` are drawn within (_LEFT, _TOP) and `_SIDE` of it."""
    bottom = _TOP + _SIDE
    frame = tag(
        "rect",
        x=_LEFT,
        y=_TOP,
        width=_SIDE,
        height=_SIDE,
        fill="none",
        stroke="currentColor",
        opacity="0.35",
    )
    labels = [
        _text(_LEFT, 14, title),
        _text(_LEFT, bottom + 15, ends[0], faint=True),
        _text(_LEFT + _SIDE, bottom + 15, ends[1], anchor="end", faint=True),
        _text(_LEFT + _SIDE / 2, bottom + 32, across, anchor="middle", faint=True),
        _text(_LEFT - 6, bottom, ends[0], anchor="end", faint=True),
        _text(_LEFT - 6, _TOP + 10, ends[1], anchor="end", faint=True),
        _text(14, _TOP + _SIDE / 2, upwards, anchor="middle", faint=True, turned=True),
    ]
    return _svg(_LEFT + _SIDE + 12, bottom + _BOTTOM, title, frame, *labels, *parts)


def _at(x: float, y: float) -> tuple[float, float]:
    """The place in a square plot of a point with parts from 0 to 1."""
    return _LEFT + x * _SIDE, _TOP + (1 - y) * _SIDE


def _roc_curve(curve: RocCurve) -> str:
    return square(
        f"ROC curve, area {curve.area:.3f}",
        "false positive rate",
        "recall",
        ("0", "1"),
        _line([_at(0, 0), _at(1, 1)], dashed=True),
        _line([_at(x, y) for x, y in curve.points], colour=_COLOUR),
    )


def density_html(cells: Sequence[tuple[int, int, int]], side: int, ends: tuple[float, float], title: str) -> str:
    """Counts of (column, row) cells of a square, the darker the more; the diagonal is where both are the same."""
    most = max(count for _, _, count in cells)
    size = _SIDE / side
    parts = []
    for column, row, count in cells:
        x, y = _at(column / side, (row + 1) / side)
        # One row must be seen beside thousands.
        strength = 0.2 + 0.8 * (count / most) ** 0.5
        square_ = {"x": f"{x:.1f}", "y": f"{y:.1f}", "width": f"{size:.1f}", "height": f"{size:.1f}"}
        parts.append(tag("rect", tag("title", f"{count:,}"), **square_, fill=_COLOUR, opacity=f"{strength:.2f}"))
    diagonal = _line([_at(0, 0), _at(1, 1)], dashed=True)
    return square(title, "label", "predicted", (f"{ends[0]:.4g}", f"{ends[1]:.4g}"), *parts, diagonal)


def _bars(bars: Bars) -> str:
    shown = bars.values[:_BARS]
    parts = [_text(0, 14, bars.title)]
    for number, (name, value) in enumerate(shown):
        y = _TOP + number * _LINE
        length = value / bars.longest * _BAR_WIDTH
        parts += [
            tag(
                "g",
                tag("title", escape(name)),
                _text(_NAMES - 6, y + 14, short(name, 24), anchor="end"),
            ),
            tag("rect", x=_NAMES, y=y + 3, width=f"{length:.1f}", height=_LINE - 6, fill=_COLOUR),
            _text(_NAMES + length + 5, y + 14, f"{value:.4g}"),
        ]
    drawn = _svg(_NAMES + _BAR_WIDTH + 70, _TOP + len(shown) * _LINE + 4, bars.title, *parts)
    left = len(bars.values) - len(shown)
    return drawn + (note(f"and {left} more") if left else "")


def _matrix(matrix: ConfusionMatrix) -> str:
    """Shaded by the share of its row."""
    if len(matrix.expected) > _CLASSES:
        return note(f"Confusion matrix of {len(matrix.expected)} classes: ML.CONFUSION_MATRIX lists it.")
    heads = [tag("th", "expected \\ predicted", css=f"{_CELL};font-weight:normal;{FAINT}")]
    heads += [tag("th", escape(short(name, 24)), css=_CELL) for name in matrix.predicted]
    lines = [tag("tr", *heads)]
    for name, counts in zip(matrix.expected, matrix.counts, strict=True):
        total = sum(counts) or 1
        cells = [tag("th", escape(short(name, 24)), css=_CELL)]
        for count in counts:
            shade = f"background-color:rgba({_RGB},{count / total * 0.7:.2f})"
            cells.append(tag("td", f"{count:,}", css=f"{_CELL};{shade}", title=f"{count / total:.1%} of the row"))
        lines.append(tag("tr", *cells))
    return tag("div", "Confusion matrix", tag("table", tag("tbody", *lines), css=TABLE), css="font-size:12px")
