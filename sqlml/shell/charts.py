"""Charts in the terminal: a ROC curve in dots, importances in bars."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from sqlml.chart_data import IMPORTANCES, Bars, RocCurve, chart_data

_BARS = 20
_WIDTH, _HEIGHT = 48, 14  # characters; each has 2 x 4 dots
# The bits of a braille character's dots, by row and column.
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_EIGHTHS = " ▏▎▍▌▋▊▉"
Rows = Sequence[Sequence[object]]


def chart_of(columns: Sequence[str], rows: Rows, width: int = 80) -> str | None:
    """The chart of a result that has the columns of ML.ROC_CURVE or ML.FEATURE_IMPORTANCE, else None."""
    data = chart_data(columns, rows)
    if isinstance(data, RocCurve):
        return _roc_curve(data, width)
    # Of other tables the numbers say as much as a bar.
    return _importances(data, width) if isinstance(data, Bars) and data.title == IMPORTANCES else None


def _roc_curve(curve: RocCurve, width: int) -> str:
    points = curve.points
    across, down = min(_WIDTH, max(10, width - 8)) * 2, _HEIGHT * 4
    dots: set[tuple[int, int]] = set()
    for (x0, y0), (x1, y1) in pairwise(points):
        steps = max(1, round(max(abs(x1 - x0) * across, abs(y1 - y0) * down)))
        for step in range(steps + 1):
            part = step / steps
            dots.add((round((x0 + (x1 - x0) * part) * (across - 1)), round((y0 + (y1 - y0) * part) * (down - 1))))
    # Guessing is the diagonal, every third dot of it.
    dots |= {(x, round(x / (across - 1) * (down - 1))) for x in range(0, across, 6)}
    lines = [f"ROC curve, area {curve.area:.3f}"]
    for row in range(_HEIGHT):
        label = {0: "1.0", _HEIGHT // 2: "0.5", _HEIGHT - 1: "0.0"}.get(row, "")
        lines.append(f"{label:>4} │{_braille(dots, row, across // 2, down)}")
    half = across // 4
    lines.append(f"     └{'─' * (across // 2)}")
    lines.append(f"      0.0{'0.5':>{half}}{'1.0':>{across // 2 - half - 3}}")
    lines.append("      false positive rate; upwards: recall")
    return "\n".join(lines)


def _braille(dots: set[tuple[int, int]], row: int, across: int, down: int) -> str:
    """A line of characters out of dots; the dots count upwards, the lines downwards."""
    found = []
    for column in range(across):
        bits = 0
        for dy, line in enumerate(_DOTS):
            for dx, bit in enumerate(line):
                if (column * 2 + dx, down - 1 - (row * 4 + dy)) in dots:
                    bits |= bit
        found.append(chr(0x2800 + bits) if bits else " ")
    return "".join(found).rstrip()


def _importances(bars: Bars, width: int) -> str:
    gains = bars.values
    shown = gains[:_BARS]
    labels = [name if len(name) <= 24 else f"{name[:23]}…" for name, _ in shown]
    widest = max(map(len, labels))
    room = max(10, min(48, width - widest - 16))
    lines = [bars.title]
    for label, (_, gain) in zip(labels, shown, strict=True):
        lines.append(f"{label:>{widest}} │{_bar(gain / gains[0][1] * room)} {gain:.4g}")
    if len(gains) > len(shown):
        lines.append(f"{'':>{widest}} │ and {len(gains) - len(shown)} more")
    return "\n".join(lines)


def _bar(length: float) -> str:
    eighths = round(length * 8)
    return "█" * (eighths // 8) + (_EIGHTHS[eighths % 8] if eighths % 8 else "")
