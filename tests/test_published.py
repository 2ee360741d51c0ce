"""Published fits: what statistics packages are certified with, to the digits that are printed."""

from __future__ import annotations

import pytest

import sqlml

# NIST Statistical Reference Datasets, Longley: y, GNP deflator, GNP, unemployed, armed forces, population, year.
LONGLEY = """
CREATE TABLE longley AS SELECT * FROM (VALUES
    (60323, 83.0, 234289, 2356, 1590, 107608, 1947), (61122, 88.5, 259426, 2325, 1456, 108632, 1948),
    (60171, 88.2, 258054, 3682, 1616, 109773, 1949), (61187, 89.5, 284599, 3351, 1650, 110929, 1950),
    (63221, 96.2, 328975, 2099, 3099, 112075, 1951), (63639, 98.1, 346999, 1932, 3594, 113270, 1952),
    (64989, 99.0, 365385, 1870, 3547, 115094, 1953), (63761, 100.0, 363112, 3578, 3350, 116219, 1954),
    (66019, 101.2, 397469, 2904, 3048, 117388, 1955), (67857, 104.6, 419180, 2822, 2857, 118734, 1956),
    (68169, 108.4, 442769, 2936, 2798, 120445, 1957), (66513, 110.8, 444546, 4681, 2637, 121950, 1958),
    (68655, 112.6, 482704, 3813, 2552, 123366, 1959), (69564, 114.2, 502601, 3931, 2514, 125368, 1960),
    (69331, 115.7, 518173, 4806, 2572, 127852, 1961), (70551, 116.9, 554894, 4007, 2827, 130081, 1962)
) AS v(y, x1, x2, x3, x4, x5, x6)
"""
LONGLEY_CERTIFIED = {
    "__INTERCEPT__": -3482258.63459582,
    "x1": 15.0618722713733,
    "x2": -0.358191792925910e-01,
    "x3": -2.02022980381683,
    "x4": -1.03322686717359,
    "x5": -0.511041056535807e-01,
    "x6": 1829.15146461355,
}

# Spector and Mazzeo, 1980, as in Greene, Econometric Analysis, table 21.1: GPA, TUCE, PSI, GRADE.
SPECTOR = """
CREATE TABLE spector AS SELECT * FROM (VALUES
    (2.66, 20, 0, 0), (2.89, 22, 0, 0), (3.28, 24, 0, 0), (2.92, 12, 0, 0), (4.00, 21, 0, 1), (2.86, 17, 0, 0),
    (2.76, 17, 0, 0), (2.87, 21, 0, 0), (3.03, 25, 0, 0), (3.92, 29, 0, 1), (2.63, 20, 0, 0), (3.32, 23, 0, 0),
    (3.57, 23, 0, 0), (3.26, 25, 0, 1), (3.53, 26, 0, 0), (2.74, 19, 0, 0), (2.75, 25, 0, 0), (2.83, 19, 0, 0),
    (3.12, 23, 1, 0), (3.16, 25, 1, 1), (2.06, 22, 1, 0), (3.62, 28, 1, 1), (2.89, 14, 1, 0), (3.51, 26, 1, 0),
    (3.54, 24, 1, 1), (2.83, 27, 1, 1), (3.39, 17, 1, 1), (2.67, 24, 1, 0), (3.65, 21, 1, 1), (4.00, 23, 1, 1),
    (3.10, 21, 1, 0), (2.39, 19, 1, 1)
) AS v(gpa, tuce, psi, grade)
"""
SPECTOR_PUBLISHED = {"__INTERCEPT__": -13.0213, "gpa": 2.82611, "tuce": 0.0951577, "psi": 2.37869}

# Dobson, An Introduction to Statistical Modelling, 1990, page 93: the example of R's glm.
DOBSON = """
CREATE TABLE dobson AS SELECT counts, outcome, treatment, (outcome = 2)::INTEGER AS outcome2, (outcome = 3)::INTEGER AS outcome3,
       (treatment = 2)::INTEGER AS treatment2, (treatment = 3)::INTEGER AS treatment3
FROM (VALUES (18, 1, 1), (17, 2, 1), (15, 3, 1), (20, 1, 2), (10, 2, 2), (20, 3, 2), (25, 1, 3), (13, 2, 3), (12, 3, 3)) AS v(counts, outcome, treatment)
"""
DOBSON_PUBLISHED = {"__INTERCEPT__": 3.044522, "outcome2": -0.454255, "outcome3": -0.292987}


def _weights(con: sqlml.Connection, model: str) -> dict[str, float]:
    return dict(con.execute(f"SELECT processed_input, weight FROM ML.WEIGHTS(MODEL {model})").fetchall())


def _digits(found: float, printed: float, digits: int) -> None:
    """Both are the same number when written with so many significant digits."""
    assert f"{found:.{digits - 1}e}" == f"{printed:.{digits - 1}e}"


def test_longley(con: sqlml.Connection) -> None:
    """Columns that nearly repeat one another: a solver that is not careful loses every digit."""
    con.execute(LONGLEY)
    con.execute("CREATE MODEL m OPTIONS (model_type = 'linear_reg', input_label_cols = ['y']) AS FROM longley")
    found = _weights(con, "m")
    assert found.keys() == LONGLEY_CERTIFIED.keys()
    for name, certified in LONGLEY_CERTIFIED.items():
        assert found[name] == pytest.approx(certified, rel=1e-11)
        _digits(found[name], certified, 11)
    [(r2, mse)] = con.execute("SELECT r2_score, mean_squared_error FROM ML.EVALUATE(MODEL m)").fetchall()
    assert r2 == pytest.approx(0.995479004577296, rel=1e-13)
    # Certified: the residual standard deviation, with 9 degrees of freedom.
    assert (mse * 16 / 9) ** 0.5 == pytest.approx(304.854073561965, rel=1e-11)


def test_spector(con: sqlml.Connection) -> None:
    con.execute(SPECTOR)
    con.execute("CREATE MODEL m OPTIONS (model_type = 'logistic_reg', input_label_cols = ['grade']) AS FROM spector")
    found = _weights(con, "m")
    for name, published in SPECTOR_PUBLISHED.items():
        _digits(found[name], published, 6)
    # Published: the log likelihood, -12.8896.
    [(loss,)] = con.execute("SELECT log_loss FROM ML.EVALUATE(MODEL m)").fetchall()
    _digits(-32 * loss, -12.8896, 6)


def test_dobson(con: sqlml.Connection) -> None:
    con.execute(DOBSON)
    options = "OPTIONS (model_type = 'poisson_regressor', input_label_cols = ['counts'], l2_reg = 0)"
    con.execute(f"CREATE MODEL m {options} AS SELECT counts, outcome2, outcome3, treatment2, treatment3 FROM dobson")
    found = _weights(con, "m")
    for name, published in DOBSON_PUBLISHED.items():
        assert round(found[name], 6) == published
    # Published as 1.3e-15 and 1.4e-15: they are zero.
    assert abs(found["treatment2"]) < 1e-9
    assert abs(found["treatment3"]) < 1e-9
    # Published: the residual deviance, 5.1291.
    deviance = "2 * sum(counts * ln(counts / ml_predict('m', d)) - (counts - ml_predict('m', d)))"
    [(total,)] = con.execute(f"SELECT {deviance} FROM dobson AS d").fetchall()
    assert round(total, 4) == 5.1291


def test_dobson_by_categories(con: sqlml.Connection) -> None:
    """Each level has a weight, and nothing but their differences is determined: these are the published ones."""
    con.execute(DOBSON)
    con.execute(
        """CREATE MODEL m OPTIONS (model_type = 'poisson_regressor', input_label_cols = ['counts'], l2_reg = 0)
           AS SELECT counts, outcome::VARCHAR AS outcome, treatment::VARCHAR AS treatment FROM dobson"""
    )
    [(pairs,)] = con.execute(
        "SELECT category_weights FROM ML.WEIGHTS(MODEL m) WHERE processed_input = 'outcome'"
    ).fetchall()
    weight = {pair["category"]: pair["weight"] for pair in pairs}
    assert weight["2"] - weight["1"] == pytest.approx(-0.454255, abs=1e-6)
    assert weight["3"] - weight["1"] == pytest.approx(-0.292987, abs=1e-6)
