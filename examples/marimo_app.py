"""A marimo notebook whose SQL cells train and use a model: `marimo edit examples/marimo_app.py`."""

import marimo

app = marimo.App()


@app.cell
def _():
    import marimo as mo
    import sqlalchemy as sa

    engine = sa.create_engine("sqlml://")
    return engine, mo


@app.cell
def _(engine, mo):
    _trips = mo.sql(
        "CREATE TABLE trips AS SELECT i * 1.0 AS km, 2.0 * i + 1 AS fare FROM range(50) AS r(i)", engine=engine
    )
    _model = mo.sql(
        "CREATE MODEL fare OPTIONS (model_type='linear_reg', input_label_cols=['fare']) AS FROM trips", engine=engine
    )
    # marimo orders cells by the variables that they use.
    is_trained = True
    return (is_trained,)


@app.cell
def _(engine, is_trained, mo):
    assert is_trained
    scored = mo.sql(
        "SELECT km, round(ml_predict('fare', t), 6) AS fare FROM trips AS t WHERE km > 47 ORDER BY km", engine=engine
    )
    return (scored,)


if __name__ == "__main__":
    app.run()
