-- Everything around a call stays to the byte: comments, quotes, spaces, DuckDB's own syntax.
FROM   customers   AS c /* ml_predict('spend', c) */ SELECT $$ml_predict('x')$$, ml_predict('spend', c)::INT -- ml_predict(
  , [x FOR x IN [1, 2] IF x > 1], c.age // 2, * EXCLUDE (id)
 LIMIT 10%;
FROM   customers   AS c /* ml_predict('spend', c) */ SELECT $$ml_predict('x')$$, (((0.25e0 + CASE WHEN isfinite(CAST("c"."age" AS DOUBLE)) THEN (CAST("c"."age" AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST("c"."plan" AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END))::INT AS "ml_predict('spend', c)::INT" -- ml_predict(
  , [x FOR x IN [1, 2] IF x > 1], c.age // 2, * EXCLUDE (id)
 LIMIT 10%;

SELECT 'ml_predict(''spend'')', "id", ml_predict ( 'spend' , c ) AS "A b" FROM customers c;
SELECT 'ml_predict(''spend'')', "id", (((0.25e0 + CASE WHEN isfinite(CAST("c"."age" AS DOUBLE)) THEN (CAST("c"."age" AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST("c"."plan" AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END)) AS "A b" FROM customers c;

-- Line breaks inside a call are kept, so that the lines below keep their numbers.
SELECT ml_predict(
  'spend',
  c
) AS s,
  nope
FROM customers AS c;
SELECT (((0.25e0 + CASE WHEN isfinite(CAST("c"."age" AS DOUBLE)) THEN (CAST("c"."age" AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST("c"."plan" AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END))


 AS s,
  nope
FROM customers AS c;

-- Names of projections are what was written.
SELECT ml_predict('spend', c), round(ml_predict('spend', c), 2), ml_predict('spend', c) + 1, ML.PREDICT('spend', c) AS named, id FROM customers AS c;
SELECT (((0.25e0 + CASE WHEN isfinite(CAST("c"."age" AS DOUBLE)) THEN (CAST("c"."age" AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST("c"."plan" AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END)) AS "ml_predict('spend', c)", round((((0.25e0 + CASE WHEN isfinite(CAST("c"."age" AS DOUBLE)) THEN (CAST("c"."age" AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST("c"."plan" AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END)), 2) AS "round(ml_predict('spend', c), 2)", (((0.25e0 + CASE WHEN isfinite(CAST("c"."age" AS DOUBLE)) THEN (CAST("c"."age" AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST("c"."plan" AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END)) + 1 AS "ml_predict('spend', c) + 1", (((0.25e0 + CASE WHEN isfinite(CAST("c"."age" AS DOUBLE)) THEN (CAST("c"."age" AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST("c"."plan" AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END)) AS named, id FROM customers AS c;

SELECT s: ml_predict('spend', c), ml_predict('spend', c) t FROM customers c;
SELECT s: (((0.25e0 + CASE WHEN isfinite(CAST("c"."age" AS DOUBLE)) THEN (CAST("c"."age" AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST("c"."plan" AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END)), (((0.25e0 + CASE WHEN isfinite(CAST("c"."age" AS DOUBLE)) THEN (CAST("c"."age" AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST("c"."plan" AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END)) t FROM customers c;

-- Parameters become named ones.
-- $1 = 31
-- $2 = "pro"
SELECT ml_predict('spend', age := $1, plan := $2), $1 + 1, $2;
SELECT (((0.25e0 + CASE WHEN isfinite(CAST($p1 AS DOUBLE)) THEN (CAST($p1 AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST($p2 AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END)) AS "ml_predict('spend', age := $1, plan := $2)", $p1 + 1, $p2;

-- $1 = "spend"
-- $2 = 5
SELECT ml_predict(?, c), ? FROM customers AS c;
SELECT (((0.25e0 + CASE WHEN isfinite(CAST("c"."age" AS DOUBLE)) THEN (CAST("c"."age" AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST("c"."plan" AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END)) AS "ml_predict(?, c)", $p2 FROM customers AS c;

-- $limit = 10
-- $model = "spend"
SELECT ml_predict($model, c) AS s FROM customers AS c LIMIT $limit;
SELECT (((0.25e0 + CASE WHEN isfinite(CAST("c"."age" AS DOUBLE)) THEN (CAST("c"."age" AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST("c"."plan" AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END)) AS s FROM customers AS c LIMIT $limit;

-- Backticks in one pair.
SELECT c.id FROM `shop.main.customers` AS c WHERE ml_predict('spend', age := 1, plan := `plan`) > 1;
SELECT c.id FROM "shop"."main"."customers" AS c WHERE (((0.25e0 + CASE WHEN isfinite(CAST(1 AS DOUBLE)) THEN (CAST(1 AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST("plan" AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END)) > 1;
