"""A file that a model is trained on is named where it has changed."""

from __future__ import annotations

from pathlib import Path

import sqlml


def test_the_file_that_changed_is_named(tmp_path: Path) -> None:
    file = tmp_path / "two words.csv"
    file.write_text("x,y\n" + "".join(f"{i},{2 * i}\n" for i in range(40)))
    con = sqlml.connect()
    con.execute("CREATE TABLE t AS SELECT 1 AS one")
    con.execute(
        f"CREATE MODEL m OPTIONS (model_type='linear_reg', input_label_cols=['y']) AS SELECT x, y FROM '{file}' AS f, t"
    )
    assert con.execute("REPRODUCE MODEL m").fetchall()[0][2] == "bit-identical"
    file.write_text(file.read_text() + "41,82\n")
    [row] = con.execute("REPRODUCE MODEL m").fetchall()
    assert row[2:4] == ("sources changed", f"{file} has 1 row more (41, were 40)")
    con.close()
