-- Everything around a call stays to the byte: comments, quotes, spaces, DuckDB's own syntax.
FROM   customers   AS c /* ml_predict('spend', c) */ SELECT $$ml_predict('x')$$, ml_predict('spend', c)::INT -- ml_predict(
  , [x FOR x IN [1, 2] IF x > 1], c.age // 2, * EXCLUDE (id)
 LIMIT 10%;
FROM   customers   AS c /* ml_predict('spend', c) */ SELECT $$ml_predict('x')$$, (((CAST('0.25' AS DOUBLE) + CASE WHEN isfinite(CAST("c"."age" AS DOUBLE)) THEN (CAST("c"."age" AS DOUBLE) - CAST('31.0' AS DOUBLE)) * CAST('0.25' AS DOUBLE) ELSE CAST('0.0' AS DOUBLE) END) + CASE CAST("c"."plan" AS TEXT) WHEN 'basic' THEN CAST('1.5' AS DOUBLE) WHEN 'pro' THEN CAST('2.5' AS DOUBLE) ELSE CAST('0.0' AS DOUBLE) END))::INT AS "ml_predict('spend', c)::INT" -- ml_predict(
  , [x FOR x IN [1, 2] IF x > 1], c.age // 2, * EXCLUDE (id)
 LIMIT 10%;

SELECT 'ml_predict(''spend'')', "id", ml_predict ( 'spend' , c ) AS "A b" FROM customers c;
SELECT 'ml_predict(''spend'')', "id", (((CAST('0.25' AS DOUBLE) + CASE WHEN isfinite(CAST("c"."age" AS DOUBLE)) THEN (CAST("c"."age" AS DOUBLE) - CAST('31.0' AS DOUBLE)) * CAST('0.25' AS DOUBLE) ELSE CAST('0.0' AS DOUBLE) END) + CASE CAST("c"."plan" AS TEXT) WHEN 'basic' THEN CAST('1.5' AS DOUBLE) WHEN 'pro' THEN CAST('2.5' AS DOUBLE) ELSE CAST('0.0' AS DOUBLE) END)) AS "A b" FROM customers c;

-- Line breaks inside a call are kept, so that the lines below keep their numbers.
SELECT ml_predict(
  'spend',
  c
) AS s,
  nope
FROM customers AS c;
SELECT (((CAST('0.25' AS DOUBLE) + CASE WHEN isfinite(CAST("c"."age" AS DOUBLE)) THEN (CAST("c"."age" AS DOUBLE) - CAST('31.0' AS DOUBLE)) * CAST('0.25' AS DOUBLE) ELSE CAST('0.0' AS DOUBLE) END) + CASE CAST("c"."plan" AS TEXT) WHEN 'basic' THEN CAST('1.5' AS DOUBLE) WHEN 'pro' THEN CAST('2.5' AS DOUBLE) ELSE CAST('0.0' AS DOUBLE) END))


 AS s,
  nope
FROM customers AS c;

-- Names of projections are what was written.
SELECT ml_predict('spend', c), round(ml_predict('spend', c), 2), ml_predict('spend', c) + 1, ML.PREDICT('spend', c) AS named, id FROM customers AS c;
SELECT (((CAST('0.25' AS DOUBLE) + CASE WHEN isfinite(CAST("c"."age" AS DOUBLE)) THEN (CAST("c"."age" AS DOUBLE) - CAST('31.0' AS DOUBLE)) * CAST('0.25' AS DOUBLE) ELSE CAST('0.0' AS DOUBLE) END) + CASE CAST("c"."plan" AS TEXT) WHEN 'basic' THEN CAST('1.5' AS DOUBLE) WHEN 'pro' THEN CAST('2.5' AS DOUBLE) ELSE CAST('0.0' AS DOUBLE) END)) AS "ml_predict('spend', c)", round((((CAST('0.25' AS DOUBLE) + CASE WHEN isfinite(CAST("c"."age" AS DOUBLE)) THEN (CAST("c"."age" AS DOUBLE) - CAST('31.0' AS DOUBLE)) * CAST('0.25' AS DOUBLE) ELSE CAST('0.0' AS DOUBLE) END) + CASE CAST("c"."plan" AS TEXT) WHEN 'basic' THEN CAST('1.5' AS DOUBLE) WHEN 'pro' THEN CAST('2.5' AS DOUBLE) ELSE CAST('0.0' AS DOUBLE) END)), 2) AS "round(ml_predict('spend', c), 2)", (((CAST('0.25' AS DOUBLE) + CASE WHEN isfinite(CAST("c"."age" AS DOUBLE)) THEN (CAST("c"."age" AS DOUBLE) - CAST('31.0' AS DOUBLE)) * CAST('0.25' AS DOUBLE) ELSE CAST('0.0' AS DOUBLE) END) + CASE CAST("c"."plan" AS TEXT) WHEN 'basic' THEN CAST('1.5' AS DOUBLE) WHEN 'pro' THEN CAST('2.5' AS DOUBLE) ELSE CAST('0.0' AS DOUBLE) END)) + 1 AS "ml_predict('spend', c) + 1", (((CAST('0.25' AS DOUBLE) + CASE WHEN isfinite(CAST("c"."age" AS DOUBLE)) THEN (CAST("c"."age" AS DOUBLE) - CAST('31.0' AS DOUBLE)) * CAST('0.25' AS DOUBLE) ELSE CAST('0.0' AS DOUBLE) END) + CASE CAST("c"."plan" AS TEXT) WHEN 'basic' THEN CAST('1.5' AS DOUBLE) WHEN 'pro' THEN CAST('2.5' AS DOUBLE) ELSE CAST('0.0' AS DOUBLE) END)) AS named, id FROM customers AS c;

SELECT s: ml_predict('spend', c), ml_predict('spend', c) t FROM customers c;
SELECT s: (((CAST('0.25' AS DOUBLE) + CASE WHEN isfinite(CAST("c"."age" AS DOUBLE)) THEN (CAST("c"."age" AS DOUBLE) - CAST('31.0' AS DOUBLE)) * CAST('0.25' AS DOUBLE) ELSE CAST('0.0' AS DOUBLE) END) + CASE CAST("c"."plan" AS TEXT) WHEN 'basic' THEN CAST('1.5' AS DOUBLE) WHEN 'pro' THEN CAST('2.5' AS DOUBLE) ELSE CAST('0.0' AS DOUBLE) END)), (((CAST('0.25' AS DOUBLE) + CASE WHEN isfinite(CAST("c"."age" AS DOUBLE)) THEN (CAST("c"."age" AS DOUBLE) - CAST('31.0' AS DOUBLE)) * CAST('0.25' AS DOUBLE) ELSE CAST('0.0' AS DOUBLE) END) + CASE CAST("c"."plan" AS TEXT) WHEN 'basic' THEN CAST('1.5' AS DOUBLE) WHEN 'pro' THEN CAST('2.5' AS DOUBLE) ELSE CAST('0.0' AS DOUBLE) END)) t FROM customers c;

-- Parameters become named ones.
-- $1 = 31
-- $2 = "pro"
SELECT ml_predict('spend', age := $1, plan := $2), $1 + 1, $2;
SELECT (((CAST('0.25' AS DOUBLE) + CASE WHEN isfinite(CAST($p1 AS DOUBLE)) THEN (CAST($p1 AS DOUBLE) - CAST('31.0' AS DOUBLE)) * CAST('0.25' AS DOUBLE) ELSE CAST('0.0' AS DOUBLE) END) + CASE CAST($p2 AS TEXT) WHEN 'basic' THEN CAST('1.5' AS DOUBLE) WHEN 'pro' THEN CAST('2.5' AS DOUBLE) ELSE CAST('0.0' AS DOUBLE) END)) AS "ml_predict('spend', age := $1, plan := $2)", $p1 + 1, $p2;

-- $1 = "spend"
-- $2 = 5
SELECT ml_predict(?, c), ? FROM customers AS c;
SELECT (((CAST('0.25' AS DOUBLE) + CASE WHEN isfinite(CAST("c"."age" AS DOUBLE)) THEN (CAST("c"."age" AS DOUBLE) - CAST('31.0' AS DOUBLE)) * CAST('0.25' AS DOUBLE) ELSE CAST('0.0' AS DOUBLE) END) + CASE CAST("c"."plan" AS TEXT) WHEN 'basic' THEN CAST('1.5' AS DOUBLE) WHEN 'pro' THEN CAST('2.5' AS DOUBLE) ELSE CAST('0.0' AS DOUBLE) END)) AS "ml_predict(?, c)", $p2 FROM customers AS c;

-- $limit = 10
-- $model = "spend"
SELECT ml_predict($model, c) AS s FROM customers AS c LIMIT $limit;
SELECT (((CAST('0.25' AS DOUBLE) + CASE WHEN isfinite(CAST("c"."age" AS DOUBLE)) THEN (CAST("c"."age" AS DOUBLE) - CAST('31.0' AS DOUBLE)) * CAST('0.25' AS DOUBLE) ELSE CAST('0.0' AS DOUBLE) END) + CASE CAST("c"."plan" AS TEXT) WHEN 'basic' THEN CAST('1.5' AS DOUBLE) WHEN 'pro' THEN CAST('2.5' AS DOUBLE) ELSE CAST('0.0' AS DOUBLE) END)) AS s FROM customers AS c LIMIT $limit;

-- Backticks in one pair.
SELECT c.id FROM `shop.main.customers` AS c WHERE ml_predict('spend', age := 1, plan := `plan`) > 1;
SELECT c.id FROM "shop"."main"."customers" AS c WHERE (((CAST('0.25' AS DOUBLE) + CASE WHEN isfinite(CAST(1 AS DOUBLE)) THEN (CAST(1 AS DOUBLE) - CAST('31.0' AS DOUBLE)) * CAST('0.25' AS DOUBLE) ELSE CAST('0.0' AS DOUBLE) END) + CASE CAST("plan" AS TEXT) WHEN 'basic' THEN CAST('1.5' AS DOUBLE) WHEN 'pro' THEN CAST('2.5' AS DOUBLE) ELSE CAST('0.0' AS DOUBLE) END)) > 1;
