"""Files only through volumes: by READ VOLUME and WRITE VOLUME, by real paths, with the options that are known."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import sqlml
from sqlml.errors import InvalidOption, NotFound, NotSupported, PermissionDenied, SqlmlError


class House:
    """A governed file with two volumes, and who may what in them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.landing, self.out, self.other = (folder / name for name in ("landing", "out put", "other"))
        for made in (self.landing, self.out, self.other, self.landing / "sub"):
            made.mkdir()
        (self.landing / "a.csv").write_text("id,body\n1,one\n2,two\n")
        (self.landing / "sub" / "b.csv").write_text("id,body\n3,three\n")
        (self.landing / "c.json").write_text('[{"id": 4}]')
        (self.other / "secret.csv").write_text("id,body\n9,canary\n")
        (self.landing / "link.csv").symlink_to(self.other / "secret.csv")
        (self.landing / "away").symlink_to(self.other)
        (self.landing / "inner.csv").symlink_to(self.landing / "a.csv")
        os.mkfifo(self.other / "fifo.csv")
        os.mkfifo(self.landing / "fifo.csv")
        self.path = folder / "house.duckdb"
        with contextlib.closing(sqlml.connect(str(self.path))) as con:
            con.execute("CREATE USER boss; CREATE USER ana; CREATE USER bob")
            con.execute("CREATE TABLE t AS SELECT 1 AS id, 'x' AS body")
            con.execute("CREATE TABLE hidden AS SELECT 1 AS id, 'north' AS region UNION ALL SELECT 2, 'south'")
            con.execute(
                "CREATE MACRO northern(r) AS r = 'north'; ALTER TABLE hidden SET ROW FILTER northern ON (region)"
            )
            con.execute(f"CREATE VOLUME landing LOCATION '{self.landing}'")
            con.execute(f"CREATE VOLUME \"My Out\" LOCATION '{self.out}'")
            con.execute("GRANT USE SCHEMA ON SCHEMA main TO public; GRANT READ VOLUME ON VOLUME landing TO ana")
            con.execute('GRANT WRITE VOLUME ON VOLUME "My Out" TO ana')
            con.execute("GRANT SELECT, INSERT ON TABLE t TO ana; GRANT SELECT ON TABLE hidden TO ana")
            con.execute("GRANT CREATE VIEW, CREATE FUNCTION, CREATE MODEL ON SCHEMA main TO ana")
            con.execute("CREATE MODEL m OPTIONS (model_type='linear_reg', input_label_cols=['y']) "
                        "AS SELECT i::DOUBLE AS x, 2.0 * i AS y FROM range(9) t(i)")  # fmt: skip
            con.execute("GRANT EXECUTE ON MODEL m TO ana")
        self.boss = sqlml.connect(str(self.path), user="boss")
        self.ana = sqlml.connect(str(self.path), user="ana")
        self.bob = sqlml.connect(str(self.path), user="bob")

    def close(self) -> None:
        for con in (self.boss, self.ana, self.bob):
            con.close()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    found = House(tmp_path_factory.mktemp("house"))
    yield found
    found.close()


READS = {
    "FROM '{landing}/a.csv'": [(1, "one"), (2, "two")],
    "SELECT a.id FROM '{landing}/a.csv'": [(1,), (2,)],
    "FROM read_csv('{landing}/a.csv', header = true, delim = ',')": [(1, "one"), (2, "two")],
    "SELECT id FROM read_csv('volume://landing/a.csv') x WHERE x.id > 1": [(2,)],
    "FROM 'volume://LANDING/sub/b.csv'": [(3, "three")],
    "SELECT id FROM read_csv('{landing}/**/b*.csv')": [(3,)],
    "SELECT count(*) FROM read_csv(['{landing}/a.csv', 'volume://landing/sub/b.csv'])": [(3,)],
    "FROM 'volume://landing/inner.csv'": [(1, "one"), (2, "two")],
    "FROM read_json('volume://landing/c.json')": [(4,)],
    "SELECT content FROM read_text('volume://landing/c.json')": [('[{"id": 4}]',)],
    "SELECT count(*) FROM glob('{landing}/sub/*')": [(1,)],
    "WITH x AS (FROM 'volume://landing/a.csv') SELECT max(id) FROM x": [(2,)],
    "SELECT round(ml_predict('m', {{'x': id::DOUBLE}})) FROM 'volume://landing/sub/b.csv'": [(6.0,)],
}


@pytest.mark.parametrize("sql", READS)
def test_reads_below_a_volume(house: House, sql: str) -> None:
    written = sql.format(landing=house.landing)
    assert house.ana.execute(written).fetchall() == READS[sql]
    assert house.boss.execute(written).fetchall() == READS[sql]
    with pytest.raises((PermissionDenied, NotFound)) as error:
        house.bob.execute(written)
    assert error.value.hint


REFUSED = [
    "FROM '{other}/secret.csv'",
    "FROM '{landing}/link.csv'",
    "FROM '{landing}/away/secret.csv'",
    "FROM read_csv('{landing}/away/*.csv')",
    "FROM read_csv('{landing}/*/secret.csv')",
    "FROM read_csv('{landing}/l*.csv')",
    "FROM read_csv('{landing}/../other/secret.csv')",
    "FROM read_csv('volume://landing/../other/secret.csv')",
    "FROM read_csv('{landing}/*/../../other/secret.csv')",
    "FROM read_csv(['{landing}/a.csv', '{other}/secret.csv'])",
    "FROM 'landing/a.csv'",
    "FROM 'file://{landing}/a.csv'",
    "FROM 'file:{landing}/a.csv'",
    "FROM 's3://bucket/a.csv'",
    "FROM 'https://example.org/a.csv'",
    "FROM '~/a.csv'",
    "FROM 'volume://nothing/a.csv'",
    "FROM read_csv('{other}/fifo.csv')",
    "FROM read_csv('{landing}/fifo.csv')",
    "COPY t FROM '{other}/fifo.csv'",
    "SELECT * FROM glob('{other}/*')",
    "SELECT * FROM glob('{landing}/away/*')",
    "FROM read_csv('{landing}/a.csv', rejects_table = 'r')",
    "FROM read_csv('{landing}/a.csv', store_rejects = true)",
    "FROM read_csv('{landing}/a.csv', sample_size = (SELECT 1))",
    "FROM read_parquet('{landing}/a.csv', encryption_config = {{footer_key: 'k'}})",
    "FROM read_csv('{landing}/' || 'a.csv')",
    "FROM read_csv(getvariable('f'))",
    "FROM main.read_csv('{landing}/a.csv')",
    "FROM read_duckdb('{landing}/a.csv')",
    "FROM query('FROM ''{other}/fifo.csv''')",
    "CREATE MACRO f(p) AS TABLE FROM read_csv(p)",
    "COPY t TO '{landing}/new.csv'",
    "COPY t TO '{out}/../other/new.csv'",
    "COPY t TO '{other}/new.csv'",
    "COPY t TO '/dev/stdout'",
    "COPY t TO '{out}/*.csv'",
    "COPY t TO '{out}/x.csv' (FORMAT csv, PREFIX 'x')",
    "COPY t TO '{out}/x' (FORMAT parquet, PARTITION_BY (id), FILENAME_PATTERN '../../x')",
    'COPY (SELECT 1 AS "../../x", 2 AS b) TO \'{out}/x\' (FORMAT csv, PARTITION_BY ("../../x"))',
    "COPY t FROM '{out}/x.csv'",
    "COPY t FROM '{landing}/a.csv' (FORMAT csv, REJECTS_TABLE 'r')",
    "COPY t FROM '{landing}/a.csv' (FORMAT postgres)",
    "COPY hidden FROM '{landing}/a.csv'",
    "COPY sqlml.users FROM '{landing}/a.csv'",
    "COPY (FROM sqlml.principals) TO '{out}/x.csv'",
    "COPY FROM DATABASE house TO other",
    "EXPORT DATABASE '{out}/exported'",
    "IMPORT DATABASE '{landing}'",
    "ATTACH '{out}/x.duckdb'",
    "LOAD '{landing}/a.csv'",
    "INSTALL httpfs",
    "EXPORT MODEL m TO '{landing}/m.json'",
    "EXPORT MODEL m TO '{other}/m.json'",
    "EXPORT MODEL m OPTIONS (URI = '{other}/m.json')",
    "IMPORT MODEL n FROM '{other}/fifo.csv'",
    "IMPORT MODEL n FROM '{landing}/away/secret.csv'",
    "CREATE MODEL n OPTIONS (model_type='onnx', model_path='{other}/fifo.csv')",
]


@pytest.mark.parametrize("sql", REFUSED)
def test_refuses(house: House, sql: str) -> None:
    """Where a pipe is named, a statement that opened it would wait for ever."""
    with pytest.raises(SqlmlError) as error:
        house.ana.execute(sql.format(landing=house.landing, out=house.out, other=house.other))
    assert error.value.hint, str(error.value)
    assert "canary" not in str(error.value)
    house.ana.rollback()
    assert [f.name for f in house.other.iterdir() if f.name not in ("secret.csv", "fifo.csv")] == []


def test_paths_by_parameter_are_looked_at(house: House) -> None:
    run = house.ana.execute
    assert run("SELECT count(*) FROM read_csv(?)", [f"{house.landing}/a.csv"]).fetchall() == [(2,)]
    assert run("SELECT id + $n FROM read_csv($f)", {"f": ["volume://landing/sub/b.csv"], "n": 1}).fetchall() == [(4,)]
    for path in (f"{house.other}/fifo.csv", f"{house.landing}/link.csv", 1, None, [1], []):
        with pytest.raises(PermissionDenied):
            run("SELECT count(*) FROM read_csv(?)", [path])
    run("PREPARE p AS SELECT count(*) FROM read_csv($1)")
    assert run(f"EXECUTE p('{house.landing}/a.csv')").fetchall() == [(2,)]
    with pytest.raises(PermissionDenied):
        run(f"EXECUTE p('{house.other}/fifo.csv')")
    run("DEALLOCATE p")


def test_writes_below_a_volume(house: House) -> None:
    run, out = house.ana.execute, house.out
    run(f"COPY t TO '{out}/t.csv' (HEADER, DELIMITER ';')")
    assert (out / "t.csv").read_text() == "id;body\n1;x\n"
    run("COPY (SELECT id FROM t) TO 'volume://My Out/q.parquet' (FORMAT parquet, COMPRESSION zstd)")
    run("COPY t (body) TO ? (FORMAT json)", ["volume://my out/t.json"])
    assert (out / "t.json").read_text() == '{"body":"x"}\n'
    run(f"COPY hidden TO '{out}/hidden.csv'")
    assert (out / "hidden.csv").read_text() == "id,region\n1,north\n"
    run(f"COPY hidden TO '{out}/parts' (FORMAT csv, PARTITION_BY (region), OVERWRITE)")
    assert [f.name for f in (out / "parts").iterdir()] == ["region=north"]
    run(f"EXPORT MODEL m TO '{out}/m.json'")
    run("EXPORT MODEL m TO 'volume://my out/flow/'")
    assert (out / "m.json").stat().st_size
    assert (out / "flow").is_dir()
    # What was written may only be read with READ VOLUME.
    with pytest.raises(PermissionDenied, match="READ VOLUME"):
        run(f"IMPORT MODEL n FROM '{out}/m.json'")
    house.boss.execute('GRANT READ VOLUME ON VOLUME "My Out" TO ana')
    run("IMPORT MODEL n FROM 'volume://my out/m.json'")
    house.boss.execute("GRANT EXECUTE ON MODEL n TO ana")
    assert run("SELECT round(ml_predict('n', x := 2.0))").fetchall() == [(4.0,)]
    house.boss.execute('REVOKE READ VOLUME ON VOLUME "My Out" FROM ana')


def test_copy_from_a_volume(house: House) -> None:
    house.ana.execute("BEGIN")
    house.ana.execute("COPY t FROM 'volume://landing/a.csv' (HEADER true)")
    house.ana.execute(f"COPY t (id, body) FROM '{house.landing}/sub/*.csv'")
    assert house.ana.execute("SELECT count(*) FROM t").fetchall() == [(4,)]
    house.ana.execute("ROLLBACK")


def test_views_over_files_have_their_owners_rights(house: House) -> None:
    house.boss.execute("GRANT SELECT ON SCHEMA main TO bob")
    house.ana.execute("CREATE VIEW seen AS FROM 'volume://landing/a*.csv' WHERE false")
    house.ana.execute("CREATE OR REPLACE VIEW seen AS SELECT id FROM 'volume://landing/sub/*.csv'")
    assert house.bob.execute("FROM seen").fetchall() == [(3,)]
    house.boss.execute("REVOKE READ VOLUME ON VOLUME landing FROM ana")
    try:
        with pytest.raises(PermissionDenied, match="owner"):
            house.bob.execute("FROM seen")
    finally:
        house.boss.execute("GRANT READ VOLUME ON VOLUME landing TO ana")
        house.boss.execute("DROP VIEW seen; REVOKE SELECT ON SCHEMA main FROM bob")


def test_callers_of_a_superusers_macro_choose_no_file(house: House) -> None:
    house.boss.execute("CREATE MACRO anything(p) AS TABLE FROM read_csv(p)")
    house.boss.execute("GRANT EXECUTE ON FUNCTION anything TO ana")
    assert house.boss.execute(f"SELECT count(*) FROM anything('{house.landing}/a.csv')").fetchall() == [(2,)]
    with pytest.raises(PermissionDenied):
        house.ana.execute(f"FROM anything('{house.other}/fifo.csv')")
    house.boss.execute("DROP FUNCTION anything")


def test_where_a_volume_may_be(house: House, tmp_path: Path) -> None:
    run = house.boss.execute
    for location, error in {
        str(house.folder): InvalidOption,
        str(house.landing / "sub"): InvalidOption,
        str(house.landing / "a.csv"): NotFound,
        str(tmp_path / "none"): NotFound,
        "landing": InvalidOption,
        "s3://bucket": NotSupported,
        "": InvalidOption,
    }.items():
        with pytest.raises(error):
            run("CREATE VOLUME more LOCATION ?", [location])
    (tmp_path / "link").symlink_to(house.landing)
    with pytest.raises(InvalidOption, match="overlap"):
        run("CREATE VOLUME more LOCATION ?", [str(tmp_path / "link")])
    with pytest.raises(PermissionDenied):
        house.ana.execute("CREATE VOLUME more LOCATION ?", [str(tmp_path)])
