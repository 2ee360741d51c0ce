"""`con.lineage('report')`: what ML.LINEAGE answers, as rows, as text and as a picture of boxes and arrows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from sqlml.dialect import to_sql
from sqlml.notebook.html import escape, short, tag
from sqlml.session import Session

_COLOURS = {"MODEL": "#b45f9e", "VIEW": "#3b82c4", "PATH": "#c4843b", "DATAFRAME": "#c4843b", "TABLE": "#4c9a6a"}
_WIDTH, _GAP, _LINE, _HEAD, _SPACE = 190, 90, 18, 24, 22
_ASKED = (
    *("direction", "depth", "source_type", "source", "source_version", "source_column"),
    *("target_type", "target", "target_version", "target_column"),
)


@dataclass(frozen=True)
class Edge:
    """From a column, relation or model to another."""

    direction: str
    depth: int
    source_type: str
    source: str
    source_version: int | None
    source_column: str | None
    target_type: str
    target: str
    target_version: int | None
    target_column: str | None

    @property
    def begins(self) -> tuple[str, str]:
        """Kind and name of the box it comes from."""
        return self.source_type, _named(self.source, self.source_version)

    @property
    def ends(self) -> tuple[str, str]:
        """Kind and name of the box it goes to."""
        return self.target_type, _named(self.target, self.target_version)


def _named(name: str, version: int | None) -> str:
    return name if version is None else f"{name}@{version}"


@dataclass(frozen=True)
class Lineage:
    """The lineage of an object when it was asked for.

    lineage = con.lineage("report", column="leaving")
    lineage.edges; print(lineage); Path("report.svg").write_text(lineage.svg())

    In a notebook it is a picture.
    """

    of: str
    edges: tuple[Edge, ...]

    def svg(self) -> str:
        """The picture as SVG: sources on the left; where only rows were chosen, the arrow is dashed."""
        return _drawn(self.of, self.edges)

    def _repr_html_(self) -> str:
        return self.svg()

    def __str__(self) -> str:
        if not self.edges:
            return f"{self.of}: nothing is known to flow here."
        return "\n".join(
            f"{'  ' * (e.depth - 1)}{e.ends[1]}{_column(e.target_column)} <- {e.begins[1]}{_column(e.source_column)}"
            for e in self.edges
        )


def _column(name: str | None) -> str:
    return f".{name}" if name is not None else ""


def read_lineage(session: Session, of: str, direction: str, column: str | None, depth: int) -> Lineage:
    """Ask ML.LINEAGE."""
    arguments = [exp.Placeholder(this=name) for name in ("of", "direction", "depth")]
    values = {"of": of, "direction": direction, "depth": depth}
    call = exp.Anonymous(this="ml_lineage", expressions=arguments)
    if column is not None:
        values["column_name"] = column
        mark = exp.Placeholder(this="column_name")
        call.append("expressions", exp.PropertyEQ(this=exp.to_identifier("column"), expression=mark))
    query = exp.select(*_ASKED).from_(exp.Table(this=call))
    return Lineage(of, tuple(Edge(*row) for row in session.execute(to_sql(query), values).fetchall()))


Box = tuple[str, str]


def _layers(edges: Sequence[Edge], boxes: Sequence[Box]) -> dict[Box, int]:
    """How many steps a box stands from the left; a circle is cut after as many rounds as there are boxes."""
    layer = dict.fromkeys(boxes, 0)
    for _ in boxes:
        changed = False
        for edge in edges:
            begins, ends = edge.begins, edge.ends
            if begins != ends and layer[ends] <= layer[begins] < len(boxes):
                layer[ends], changed = layer[begins] + 1, True
        if not changed:
            break
    return layer


def _drawn(of: str, edges: Sequence[Edge]) -> str:
    columns: dict[Box, dict[str, None]] = defaultdict(dict)
    for edge in edges:
        for box, column in ((edge.begins, edge.source_column), (edge.ends, edge.target_column)):
            columns[box].update({column: None} if column is not None else {})
    boxes = list(columns)
    layer = _layers(edges, boxes)
    places: dict[Box, tuple[float, float]] = {}
    down: dict[int, float] = defaultdict(lambda: float(_SPACE))
    for box in sorted(boxes, key=lambda box: (layer[box], boxes.index(box))):
        places[box] = (_SPACE + layer[box] * (_WIDTH + _GAP), down[layer[box]])
        down[layer[box]] += _HEAD + _LINE * len(columns[box]) + _SPACE
    width = max((x for x, _ in places.values()), default=0.0) + _WIDTH + _SPACE
    height = max(down.values(), default=2.0 * _SPACE)
    drawn = [_arrow(edge, places, columns) for edge in edges if edge.begins != edge.ends]
    drawn += [_box(box, *places[box], list(columns[box])) for box in boxes]
    if not boxes:
        drawn.append(tag("text", escape(f"{of}: nothing is known to flow here."), x=_SPACE, y=_SPACE))
    return tag(
        "svg",
        tag("title", escape(f"Lineage of {of}")),
        *drawn,
        xmlns="http://www.w3.org/2000/svg",
        width=f"{max(width, 320):g}",
        height=f"{height:g}",
        viewBox=f"0 0 {max(width, 320):g} {height:g}",
        role="img",
        css="max-width:100%;font:12px sans-serif;fill:currentColor",
    )


def _box(box: Box, x: float, y: float, columns: Sequence[str]) -> str:
    kind, name = box
    colour = _COLOURS.get(kind, "currentColor")
    frame = {"width": _WIDTH, "rx": 4, "x": f"{x:g}", "y": f"{y:g}", "stroke": colour}
    parts = [
        tag("title", escape(f"{kind.lower()} {name}")),
        tag("rect", **frame, height=_HEAD + _LINE * len(columns), fill=colour, fill_opacity="0.08"),
        tag("rect", **frame, height=_HEAD, fill=colour, fill_opacity="0.25"),
        tag("text", escape(short(name, 28)), x=f"{x + 8:g}", y=f"{y + 16:g}", font_weight="bold"),
    ]
    for i, column in enumerate(columns):
        parts.append(tag("text", escape(short(column, 30)), x=f"{x + 8:g}", y=f"{y + _HEAD + 13 + i * _LINE:g}"))
    return tag("g", *parts)


def _arrow(edge: Edge, places: dict[Box, tuple[float, float]], columns: dict[Box, dict[str, None]]) -> str:
    x1, y1 = _end(edge.begins, edge.source_column, places, columns)
    x2, y2 = _end(edge.ends, edge.target_column, places, columns)
    x1 += _WIDTH
    bend = max((x2 - x1) / 2, 30)
    path = f"M{x1:g},{y1:g} C{x1 + bend:g},{y1:g} {x2 - bend:g},{y2:g} {x2:g},{y2:g}"
    dashed = {} if edge.target_column is not None or edge.target_type == "MODEL" else {"stroke_dasharray": "4 4"}
    line = tag("path", d=path, fill="none", stroke="currentColor", stroke_opacity="0.5", **dashed)
    head = tag("path", d=f"M{x2 - 6:g},{y2 - 3:g} L{x2:g},{y2:g} L{x2 - 6:g},{y2 + 3:g}", fill="currentColor")
    return line + head


def _end(
    box: Box, column: str | None, places: dict[Box, tuple[float, float]], columns: dict[Box, dict[str, None]]
) -> tuple[float, float]:
    x, y = places[box]
    return x, y + (_HEAD / 2 if column is None else _HEAD + 9 + list(columns[box]).index(column) * _LINE)
