-- A whole row: exactly the features of the model, by name.
SELECT id, ml_predict('churn', c) FROM customers AS c;
SELECT id, list_extract(CAST(['false', 'true'] AS BOOLEAN[]), CASE WHEN 1.0e0 / (1.0e0 + exp(-((((0.25e0 + CASE WHEN isfinite(CAST("c"."age" AS DOUBLE)) THEN (CAST("c"."age" AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST("c"."plan" AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END))))) > CAST('0.5' AS DOUBLE) THEN 2 ELSE 1 END) AS "ml_predict('churn', c)" FROM customers AS c;

SELECT ml_predict('spend', customers) AS s FROM customers;
SELECT (((0.25e0 + CASE WHEN isfinite(CAST("customers"."age" AS DOUBLE)) THEN (CAST("customers"."age" AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST("customers"."plan" AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END)) AS s FROM customers;

SELECT ml_predict('spend', c.*), ml_predict('spend', *) FROM customers AS c;
SELECT (((0.25e0 + CASE WHEN isfinite(CAST("c"."age" AS DOUBLE)) THEN (CAST("c"."age" AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST("c"."plan" AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END)) AS "ml_predict('spend', c.*)", (((0.25e0 + CASE WHEN isfinite(CAST("age" AS DOUBLE)) THEN (CAST("age" AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST("plan" AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END)) AS "ml_predict('spend', *)" FROM customers AS c;

-- Columns, in the order of the model or any other; named values; a struct.
SELECT ml_predict('spend', age, plan), ml_predict('spend', plan, age) FROM customers;
SELECT (((0.25e0 + CASE WHEN isfinite(CAST(age AS DOUBLE)) THEN (CAST(age AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST(plan AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END)) AS "ml_predict('spend', age, plan)", (((0.25e0 + CASE WHEN isfinite(CAST(age AS DOUBLE)) THEN (CAST(age AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST(plan AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END)) AS "ml_predict('spend', plan, age)" FROM customers;

SELECT ml_predict('spend', PLAN := 'pro', Age => 31);
SELECT (((0.25e0 + CASE WHEN isfinite(CAST(31 AS DOUBLE)) THEN (CAST(31 AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST('pro' AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END)) AS "ml_predict('spend', PLAN := 'pro', Age => 31)";

SELECT ml_predict('spend', {'plan': plan, 'age': age + 1, 'more': 3}) FROM customers;
SELECT (((0.25e0 + CASE WHEN isfinite(CAST(age + 1 AS DOUBLE)) THEN (CAST(age + 1 AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST(plan AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END)) AS "ml_predict('spend', {'plan': plan, 'age': age + 1, 'more': 3})" FROM customers;

SELECT ml_predict('spend', STRUCT(31 AS age, 'pro' AS plan));
SELECT (((0.25e0 + CASE WHEN isfinite(CAST(31 AS DOUBLE)) THEN (CAST(31 AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST('pro' AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END)) AS "ml_predict('spend', STRUCT(31 AS age, 'pro' AS plan))";

SELECT ml_predict('spend', person) FROM (SELECT {'age': 31, 'plan': 'pro'} AS person) AS t;
SELECT (((0.25e0 + CASE WHEN isfinite(CAST(STRUCT_EXTRACT(person, 'age') AS DOUBLE)) THEN (CAST(STRUCT_EXTRACT(person, 'age') AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST(STRUCT_EXTRACT(person, 'plan') AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END)) AS "ml_predict('spend', person)" FROM (SELECT {'age': 31, 'plan': 'pro'} AS person) AS t;

SELECT ml_predict('spend', 31, 'pro');
SELECT (((0.25e0 + CASE WHEN isfinite(CAST(31 AS DOUBLE)) THEN (CAST(31 AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST('pro' AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END)) AS "ml_predict('spend', 31, 'pro')";

-- The model by string, MODEL, version, schema, backticks.
SELECT ml_predict(MODEL spend, c), ml_predict('churn@1', c), ml_predict(MODEL churn VERSION 1, c) FROM customers AS c;
SELECT (((0.25e0 + CASE WHEN isfinite(CAST("c"."age" AS DOUBLE)) THEN (CAST("c"."age" AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST("c"."plan" AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END)) AS "ml_predict(MODEL spend, c)", list_extract(CAST(['false', 'true'] AS BOOLEAN[]), CASE WHEN 1.0e0 / (1.0e0 + exp(-((((0.25e0 + CASE WHEN isfinite(CAST("c"."age" AS DOUBLE)) THEN (CAST("c"."age" AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST("c"."plan" AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END))))) > CAST('0.5' AS DOUBLE) THEN 2 ELSE 1 END) AS "ml_predict('churn@1', c)", list_extract(CAST(['false', 'true'] AS BOOLEAN[]), CASE WHEN 1.0e0 / (1.0e0 + exp(-((((0.25e0 + CASE WHEN isfinite(CAST("c"."age" AS DOUBLE)) THEN (CAST("c"."age" AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST("c"."plan" AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END))))) > CAST('0.5' AS DOUBLE) THEN 2 ELSE 1 END) AS "ml_predict(MODEL churn VERSION 1, c)" FROM customers AS c;

SELECT ML.PREDICT(MODEL `shop.main.spend`, c) FROM customers AS c;
SELECT (((0.25e0 + CASE WHEN isfinite(CAST("c"."age" AS DOUBLE)) THEN (CAST("c"."age" AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST("c"."plan" AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END)) AS "ML.PREDICT(MODEL `shop.main.spend`, c)" FROM customers AS c;

SELECT ml_predict('other.main.far', c) FROM customers AS c;
SELECT list_extract(sqlml_predict('far-1', {'age': CAST("c"."age" AS DOUBLE), 'plan': CAST("c"."plan" AS TEXT)}), 1) AS "ml_predict('other.main.far', c)" FROM customers AS c;

-- Dates and timestamps are spread, in UTC.
SELECT ml_predict('"My Schema"."Fare"', t) AS f FROM trips AS t;
SELECT (((((0.25e0 + CASE WHEN isfinite(CAST(epoch(make_timestamp(epoch_us(CAST("t"."started" AS TIMESTAMP)))) AS DOUBLE)) THEN (CAST(epoch(make_timestamp(epoch_us(CAST("t"."started" AS TIMESTAMP)))) AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + (CASE WHEN isfinite(CAST(epoch(make_timestamp(epoch_us(CAST("t"."day" AS TIMESTAMP)))) AS DOUBLE)) THEN (CAST(epoch(make_timestamp(epoch_us(CAST("t"."day" AS TIMESTAMP)))) AS DOUBLE) - 31.0e0) * 0.75e0 ELSE 0.0e0 END + coalesce(list_extract([2.5e0, 3.5e0], greatest(CAST(CAST(DAY(make_timestamp(epoch_us(CAST("t"."started" AS TIMESTAMP)))) AS DOUBLE) AS BIGINT) - 0, 0)), 0.0e0))) + ((coalesce(list_extract([4.5e0, 5.5e0], greatest(CAST(CAST(DAYOFWEEK(make_timestamp(epoch_us(CAST("t"."started" AS TIMESTAMP)))) AS DOUBLE) AS BIGINT) - 0, 0)), 0.0e0) + coalesce(list_extract([6.5e0, 7.5e0], greatest(CAST(CAST(MONTH(make_timestamp(epoch_us(CAST("t"."started" AS TIMESTAMP)))) AS DOUBLE) AS BIGINT) - 0, 0)), 0.0e0)) + (coalesce(list_extract([8.5e0, 9.5e0], greatest(CAST(CAST(WEEKOFYEAR(make_timestamp(epoch_us(CAST("t"."started" AS TIMESTAMP)))) AS DOUBLE) AS BIGINT) - 0, 0)), 0.0e0) + coalesce(list_extract([10.5e0, 11.5e0], greatest(CAST(CAST(YEAR(make_timestamp(epoch_us(CAST("t"."started" AS TIMESTAMP)))) AS DOUBLE) AS BIGINT) - 0, 0)), 0.0e0)))) + (((coalesce(list_extract([12.5e0, 13.5e0], greatest(CAST(CAST(HOUR(make_timestamp(epoch_us(CAST("t"."started" AS TIMESTAMP)))) AS DOUBLE) AS BIGINT) - 0, 0)), 0.0e0) + coalesce(list_extract([14.5e0, 15.5e0], greatest(CAST(CAST(MINUTE(make_timestamp(epoch_us(CAST("t"."started" AS TIMESTAMP)))) AS DOUBLE) AS BIGINT) - 0, 0)), 0.0e0)) + (coalesce(list_extract([16.5e0, 17.5e0], greatest(CAST(CAST(DAY(make_timestamp(epoch_us(CAST("t"."day" AS TIMESTAMP)))) AS DOUBLE) AS BIGINT) - 0, 0)), 0.0e0) + coalesce(list_extract([18.5e0, 19.5e0], greatest(CAST(CAST(DAYOFWEEK(make_timestamp(epoch_us(CAST("t"."day" AS TIMESTAMP)))) AS DOUBLE) AS BIGINT) - 0, 0)), 0.0e0))) + ((coalesce(list_extract([20.5e0, 21.5e0], greatest(CAST(CAST(MONTH(make_timestamp(epoch_us(CAST("t"."day" AS TIMESTAMP)))) AS DOUBLE) AS BIGINT) - 0, 0)), 0.0e0) + coalesce(list_extract([22.5e0, 23.5e0], greatest(CAST(CAST(WEEKOFYEAR(make_timestamp(epoch_us(CAST("t"."day" AS TIMESTAMP)))) AS DOUBLE) AS BIGINT) - 0, 0)), 0.0e0)) + (coalesce(list_extract([24.5e0, 25.5e0], greatest(CAST(CAST(YEAR(make_timestamp(epoch_us(CAST("t"."day" AS TIMESTAMP)))) AS DOUBLE) AS BIGINT) - 0, 0)), 0.0e0) + CASE CAST("t"."paid" AS TEXT) WHEN 'basic' THEN 26.5e0 WHEN 'pro' THEN 27.5e0 ELSE 0.0e0 END))))) AS f FROM trips AS t;

-- Two classes: the threshold; three: the most probable.
SELECT ml_predict('churn', c, threshold => 0.3) FROM customers AS c;
SELECT list_extract(CAST(['false', 'true'] AS BOOLEAN[]), CASE WHEN 1.0e0 / (1.0e0 + exp(-((((0.25e0 + CASE WHEN isfinite(CAST("c"."age" AS DOUBLE)) THEN (CAST("c"."age" AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST("c"."plan" AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END))))) > CAST('0.3' AS DOUBLE) THEN 2 ELSE 1 END) AS "ml_predict('churn', c, threshold => 0.3)" FROM customers AS c;

SELECT ml_predict('pet', age := 3);
SELECT list_extract(CAST(['cat', 'dog', 'it''s a fish'] AS TEXT[]), list_extract(list_grade_up([((0.25e0 + CASE WHEN isfinite(CAST(3 AS DOUBLE)) THEN (CAST(3 AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END)), ((1.25e0 + CASE WHEN isfinite(CAST(3 AS DOUBLE)) THEN (CAST(3 AS DOUBLE) - 31.0e0) * 0.75e0 ELSE 0.0e0 END)), ((2.25e0 + CASE WHEN isfinite(CAST(3 AS DOUBLE)) THEN (CAST(3 AS DOUBLE) - 31.0e0) * 1.25e0 ELSE 0.0e0 END))], 'DESC'), 1)) AS "ml_predict('pet', age := 3)";

-- Quoted and mixed-case columns.
SELECT ml_predict('spend', m) FROM "My Table" AS m;
SELECT (((0.25e0 + CASE WHEN isfinite(CAST("m"."Age" AS DOUBLE)) THEN (CAST("m"."Age" AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST("m"."PLAN" AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END)) AS "ml_predict('spend', m)" FROM "My Table" AS m;

-- The table form.
SELECT * FROM ML.PREDICT(MODEL spend, TABLE customers);
SELECT * FROM (SELECT list_extract(rows_scored.sqlml_scores, 1) AS "predicted_spend", rows_scored.* EXCLUDE (sqlml_scores) FROM (SELECT rows_in.*, [(((0.25e0 + CASE WHEN isfinite(CAST("rows_in"."age" AS DOUBLE)) THEN (CAST("rows_in"."age" AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST("rows_in"."plan" AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END))] AS sqlml_scores FROM (SELECT * FROM customers) AS rows_in) AS rows_scored);

SELECT * FROM ML.PREDICT(MODEL churn, (SELECT age, plan FROM customers WHERE id > 5), STRUCT(0.3 AS threshold)) AS scored WHERE predicted_churned;
SELECT * FROM (SELECT list_extract(CAST(['false', 'true'] AS BOOLEAN[]), CASE WHEN list_extract(rows_scored.sqlml_scores, 2) > CAST('0.3' AS DOUBLE) THEN 2 ELSE 1 END) AS "predicted_churned", list_transform(list_grade_up(rows_scored.sqlml_scores, 'DESC'), LAMBDA i : {'label': list_extract(CAST(['false', 'true'] AS BOOLEAN[]), i), 'prob': list_extract(rows_scored.sqlml_scores, i)}) AS "predicted_churned_probs", rows_scored.* EXCLUDE (sqlml_scores) FROM (SELECT rows_in.*, [1.0e0 / (1.0e0 + exp((((0.25e0 + CASE WHEN isfinite(CAST("rows_in"."age" AS DOUBLE)) THEN (CAST("rows_in"."age" AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST("rows_in"."plan" AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END)))), 1.0e0 / (1.0e0 + exp(-((((0.25e0 + CASE WHEN isfinite(CAST("rows_in"."age" AS DOUBLE)) THEN (CAST("rows_in"."age" AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST("rows_in"."plan" AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END)))))] AS sqlml_scores FROM (SELECT age, plan FROM customers WHERE id > 5) AS rows_in) AS rows_scored) AS scored WHERE predicted_churned;

FROM ml_predict('spend', (SELECT 31 AS age, 'pro' AS plan));
FROM (SELECT list_extract(rows_scored.sqlml_scores, 1) AS "predicted_spend", rows_scored.* EXCLUDE (sqlml_scores) FROM (SELECT rows_in.*, [(((0.25e0 + CASE WHEN isfinite(CAST("rows_in"."age" AS DOUBLE)) THEN (CAST("rows_in"."age" AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST("rows_in"."plan" AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END))] AS sqlml_scores FROM (SELECT 31 AS age, 'pro' AS plan) AS rows_in) AS rows_scored);

WITH old AS (SELECT * FROM customers WHERE age > 60) SELECT id FROM ML.PREDICT(MODEL spend, TABLE old);
WITH old AS (SELECT * FROM customers WHERE age > 60) SELECT id FROM (SELECT list_extract(rows_scored.sqlml_scores, 1) AS "predicted_spend", rows_scored.* EXCLUDE (sqlml_scores) FROM (SELECT rows_in.*, [(((0.25e0 + CASE WHEN isfinite(CAST("rows_in"."age" AS DOUBLE)) THEN (CAST("rows_in"."age" AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST("rows_in"."plan" AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END))] AS sqlml_scores FROM (SELECT * FROM old) AS rows_in) AS rows_scored);
