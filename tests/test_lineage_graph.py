"""The picture and the text of lineage, and its events in the OpenLineage standard."""

from __future__ import annotations

import http.server
import json
import threading
import xml.etree.ElementTree as ET

import pytest

import sqlml
from sqlml.cli import main

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def db(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.csv").write_text(
        "id,age,stays\n" + "\n".join(f"{i},{i % 9},{i % 2 == 0}" for i in range(60)) + "\n"
    )
    with sqlml.connect("shop.duckdb") as con:
        con.execute("CREATE TABLE people AS FROM 'in.csv'")
        con.execute(
            "CREATE MODEL m OPTIONS (model_type='logistic_reg', input_label_cols=['stays']) AS SELECT age, stays FROM people"
        )
        con.execute("CREATE TABLE \"a<b\" AS SELECT id, ml_predict('m', p) AS guess FROM people AS p")
        con.execute("COPY \"a<b\" TO 'out.csv'")
    return "shop.duckdb"


def test_the_picture_has_a_box_for_each_object_and_an_arrow_for_each_edge(db):
    with sqlml.connect(db) as con:
        found = con.lineage("out.csv")
        root = ET.fromstring(found.svg())
        arrows = [path for path in root.findall(f"{SVG}path") if path.get("fill") == "none"]
        titles = {group.findtext(f"{SVG}title") for group in root.findall(f"{SVG}g")}
        assert titles == {"path out.csv", "table main.a<b", "model main.m@1", "table main.people", "path in.csv"}
        assert len(arrows) == len(found.edges) == 10
        assert found._repr_html_() == found.svg()
        left = {g.findtext(f"{SVG}title"): float(g.find(f"{SVG}rect").get("x")) for g in root.findall(f"{SVG}g")}
        assert left["path in.csv"] < left["table main.people"] < left["model main.m@1"] < left["table main.a<b"]
        assert "main.a<b.guess <- main.m@1" in str(found)
        assert "nothing is known" in str(con.lineage("in.csv"))
        assert ET.fromstring(con.lineage("in.csv").svg()).tag == f"{SVG}svg"


def test_the_command(db, capsys, tmp_path):
    assert main(["lineage", db, "out.csv", "--column", "id"]) == 0
    assert capsys.readouterr().out.split() == [
        *(
            "out.csv.id",
            "<-",
            "main.a<b.id",
            "main.a<b.id",
            "<-",
            "main.people.id",
            "main.people.id",
            "<-",
            "in.csv.id",
        ),
    ]
    assert main(["lineage", db, "m", "--direction", "downstream", "--svg", "m.svg"]) == 0
    assert ET.parse(tmp_path / "m.svg").getroot().tag == f"{SVG}svg"
    assert main(["lineage", db, "nope"]) == 1
    assert "Error 22000: There is no table, view, model or file called nope." in capsys.readouterr().err
    assert main(["lineage", "no.duckdb", "x"]) == 2
    assert main(["lineage", db]) == 2
    assert main(["lineage", db, "--openlineage", "e.jsonl", "--since", "soon"]) == 1


def check(events):
    from openlineage.client import event_v2
    from openlineage.client.facet_v2 import column_lineage_dataset

    assert [e["eventType"] for e in events] == ["START", "COMPLETE"] * (len(events) // 2)
    for event in events:
        assert event["schemaURL"] == event_v2.RunEvent._get_schema()
        assert {"run", "job", "eventTime", "producer", "inputs", "outputs"} <= set(event)
        for output in event["outputs"]:
            facet = output["facets"].get("columnLineage")
            assert (
                facet is None or facet["_schemaURL"] == column_lineage_dataset.ColumnLineageDatasetFacet._get_schema()
            )


def test_events_to_a_file(db, tmp_path, capsys):
    assert main(["lineage", db, "--openlineage", "events.jsonl"]) == 0
    assert "4 statements sent" in capsys.readouterr().out
    events = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    check(events)
    last = events[-1]
    assert last["inputs"] == [{"namespace": "duckdb", "name": "shop.main.a<b", "facets": {}, "inputFacets": {}}]
    fields = last["outputs"][0]["facets"]["columnLineage"]["fields"]
    assert set(fields) == {"id", "guess"}
    assert [(f["name"], f["field"]) for f in fields["guess"]["inputFields"]] == [("shop.main.a<b", "guess")]
    trained = events[3]
    assert trained["outputs"][0]["name"] == "shop.main.m@1"
    assert trained["job"]["name"] == "CREATE MODEL shop.main.m@1"
    assert main(["lineage", db, "--openlineage", "events.jsonl"]) == 1
    assert "There is a file events.jsonl already." in capsys.readouterr().err
    assert main(["lineage", db, "--openlineage", "later.jsonl", "--since", "2999-01-01"]) == 0


def test_events_to_a_server(db):
    taken = []

    class Taker(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            taken.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            self.send_response(201)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Taker)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        assert main(["lineage", db, "--openlineage", f"http://127.0.0.1:{server.server_port}"]) == 0
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert {path for path, _ in taken} == {"/api/v1/lineage"}
    check([event for _, event in taken])
