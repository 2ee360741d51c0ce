-- Everywhere an expression may stand.
SELECT id FROM customers AS c WHERE ml_predict('churn', c) AND age > 3 ORDER BY ml_predict('spend', c) DESC LIMIT 3;
SELECT id FROM customers AS c WHERE list_extract(CAST(['false', 'true'] AS BOOLEAN[]), CASE WHEN 1.0e0 / (1.0e0 + exp(-((((0.25e0 + CASE WHEN isfinite(CAST("c"."age" AS DOUBLE)) THEN (CAST("c"."age" AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST("c"."plan" AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END))))) > CAST('0.5' AS DOUBLE) THEN 2 ELSE 1 END) AND age > 3 ORDER BY (((0.25e0 + CASE WHEN isfinite(CAST("c"."age" AS DOUBLE)) THEN (CAST("c"."age" AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST("c"."plan" AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END)) DESC LIMIT 3;

SELECT plan, avg(ml_predict('spend', c)) FROM customers AS c GROUP BY plan HAVING max(ml_predict('spend', c)) > 10;
SELECT plan, avg((((0.25e0 + CASE WHEN isfinite(CAST("c"."age" AS DOUBLE)) THEN (CAST("c"."age" AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST("c"."plan" AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END))) AS "avg(ml_predict('spend', c))" FROM customers AS c GROUP BY plan HAVING max((((0.25e0 + CASE WHEN isfinite(CAST("c"."age" AS DOUBLE)) THEN (CAST("c"."age" AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST("c"."plan" AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END))) > 10;

SELECT sum(ml_predict('spend', c)) OVER (PARTITION BY ml_predict('churn', c) ORDER BY id) AS s FROM customers AS c QUALIFY rank() OVER (ORDER BY ml_predict('spend', c)) = 1;
SELECT sum((((0.25e0 + CASE WHEN isfinite(CAST("c"."age" AS DOUBLE)) THEN (CAST("c"."age" AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST("c"."plan" AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END))) OVER (PARTITION BY list_extract(CAST(['false', 'true'] AS BOOLEAN[]), CASE WHEN 1.0e0 / (1.0e0 + exp(-((((0.25e0 + CASE WHEN isfinite(CAST("c"."age" AS DOUBLE)) THEN (CAST("c"."age" AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST("c"."plan" AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END))))) > CAST('0.5' AS DOUBLE) THEN 2 ELSE 1 END) ORDER BY id) AS s FROM customers AS c QUALIFY rank() OVER (ORDER BY (((0.25e0 + CASE WHEN isfinite(CAST("c"."age" AS DOUBLE)) THEN (CAST("c"."age" AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST("c"."plan" AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END))) = 1;

SELECT ml_predict('spend', s) FROM (SELECT age, plan FROM customers) AS s;
SELECT (((0.25e0 + CASE WHEN isfinite(CAST("s"."age" AS DOUBLE)) THEN (CAST("s"."age" AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST("s"."plan" AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END)) AS "ml_predict('spend', s)" FROM (SELECT age, plan FROM customers) AS s;

SELECT (SELECT ml_predict('spend', c)) AS g FROM customers AS c;
SELECT (SELECT (((0.25e0 + CASE WHEN isfinite(CAST("c"."age" AS DOUBLE)) THEN (CAST("c"."age" AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST("c"."plan" AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END)) AS "ml_predict('spend', c)") AS g FROM customers AS c;

-- A model on the prediction of another.
SELECT ml_predict('pet', age := ml_predict('spend', c)) FROM customers AS c;
SELECT list_extract(CAST(['cat', 'dog', 'it''s a fish'] AS TEXT[]), list_extract(list_grade_up(sqlml_predict('pet-1', {'age': CAST((((0.25e0 + CASE WHEN isfinite(CAST("c"."age" AS DOUBLE)) THEN (CAST("c"."age" AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST("c"."plan" AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END)) AS DOUBLE)}), 'DESC'), 1)) AS "ml_predict('pet', age := ml_predict('spend', c))" FROM customers AS c;

-- Statements that write.
INSERT INTO scores SELECT id, ml_predict('churn', c), ml_predict('spend', c) FROM customers AS c;
INSERT INTO scores SELECT id, list_extract(CAST(['false', 'true'] AS BOOLEAN[]), CASE WHEN 1.0e0 / (1.0e0 + exp(-((((0.25e0 + CASE WHEN isfinite(CAST("c"."age" AS DOUBLE)) THEN (CAST("c"."age" AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST("c"."plan" AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END))))) > CAST('0.5' AS DOUBLE) THEN 2 ELSE 1 END) AS "ml_predict('churn', c)", (((0.25e0 + CASE WHEN isfinite(CAST("c"."age" AS DOUBLE)) THEN (CAST("c"."age" AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST("c"."plan" AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END)) AS "ml_predict('spend', c)" FROM customers AS c;

UPDATE scores SET spend = ml_predict('spend', c) FROM customers AS c WHERE c.id = scores.id;
UPDATE scores SET spend = (((0.25e0 + CASE WHEN isfinite(CAST("c"."age" AS DOUBLE)) THEN (CAST("c"."age" AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST("c"."plan" AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END)) FROM customers AS c WHERE c.id = scores.id;

UPDATE customers AS c SET churned = ml_predict('churn', c);
UPDATE customers AS c SET churned = list_extract(CAST(['false', 'true'] AS BOOLEAN[]), CASE WHEN 1.0e0 / (1.0e0 + exp(-((((0.25e0 + CASE WHEN isfinite(CAST("c"."age" AS DOUBLE)) THEN (CAST("c"."age" AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST("c"."plan" AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END))))) > CAST('0.5' AS DOUBLE) THEN 2 ELSE 1 END);

DELETE FROM customers WHERE ml_predict('churn', customers);
DELETE FROM customers WHERE list_extract(CAST(['false', 'true'] AS BOOLEAN[]), CASE WHEN 1.0e0 / (1.0e0 + exp(-((((0.25e0 + CASE WHEN isfinite(CAST("customers"."age" AS DOUBLE)) THEN (CAST("customers"."age" AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST("customers"."plan" AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END))))) > CAST('0.5' AS DOUBLE) THEN 2 ELSE 1 END);

MERGE INTO scores AS s USING customers AS c ON c.id = s.id WHEN MATCHED THEN UPDATE SET spend = ml_predict('spend', c);
MERGE INTO scores AS s USING customers AS c ON c.id = s.id WHEN MATCHED THEN UPDATE SET spend = (((0.25e0 + CASE WHEN isfinite(CAST("c"."age" AS DOUBLE)) THEN (CAST("c"."age" AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST("c"."plan" AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END));

CREATE TABLE kept AS SELECT ml_predict('spend', c) FROM customers AS c;
CREATE TABLE kept AS SELECT (((0.25e0 + CASE WHEN isfinite(CAST("c"."age" AS DOUBLE)) THEN (CAST("c"."age" AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST("c"."plan" AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END)) AS "ml_predict('spend', c)" FROM customers AS c;

COPY (SELECT ml_predict('spend', c) AS s FROM customers AS c) TO 'scores.parquet';
COPY (SELECT (((0.25e0 + CASE WHEN isfinite(CAST("c"."age" AS DOUBLE)) THEN (CAST("c"."age" AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST("c"."plan" AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END)) AS s FROM customers AS c) TO 'scores.parquet';

INSERT INTO customers (age, plan) VALUES (31, 'pro') RETURNING ml_predict('spend', customers);
INSERT INTO customers (age, plan) VALUES (31, 'pro') RETURNING (((0.25e0 + CASE WHEN isfinite(CAST("customers"."age" AS DOUBLE)) THEN (CAST("customers"."age" AS DOUBLE) - 31.0e0) * 0.25e0 ELSE 0.0e0 END) + CASE CAST("customers"."plan" AS TEXT) WHEN 'basic' THEN 1.5e0 WHEN 'pro' THEN 2.5e0 ELSE 0.0e0 END)) AS "ml_predict('spend', customers)";
