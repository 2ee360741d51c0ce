-- Everywhere an expression may stand.
SELECT id FROM customers AS c WHERE ml_predict('churn', c) AND age > 3 ORDER BY ml_predict('spend', c) DESC LIMIT 3;
SELECT id FROM customers AS c WHERE list_extract(CAST(['false', 'true'] AS BOOLEAN[]), CASE WHEN list_extract(sqlml_predict('churn-2', {'age': CAST("c"."age" AS DOUBLE), 'plan': CAST("c"."plan" AS TEXT)}), 2) > CAST('0.5' AS DOUBLE) THEN 2 ELSE 1 END) AND age > 3 ORDER BY list_extract(sqlml_predict('spend-1', {'age': CAST("c"."age" AS DOUBLE), 'plan': CAST("c"."plan" AS TEXT)}), 1) DESC LIMIT 3;

SELECT plan, avg(ml_predict('spend', c)) FROM customers AS c GROUP BY plan HAVING max(ml_predict('spend', c)) > 10;
SELECT plan, avg(list_extract(sqlml_predict('spend-1', {'age': CAST("c"."age" AS DOUBLE), 'plan': CAST("c"."plan" AS TEXT)}), 1)) AS "avg(ml_predict('spend', c))" FROM customers AS c GROUP BY plan HAVING max(list_extract(sqlml_predict('spend-1', {'age': CAST("c"."age" AS DOUBLE), 'plan': CAST("c"."plan" AS TEXT)}), 1)) > 10;

SELECT sum(ml_predict('spend', c)) OVER (PARTITION BY ml_predict('churn', c) ORDER BY id) AS s FROM customers AS c QUALIFY rank() OVER (ORDER BY ml_predict('spend', c)) = 1;
SELECT sum(list_extract(sqlml_predict('spend-1', {'age': CAST("c"."age" AS DOUBLE), 'plan': CAST("c"."plan" AS TEXT)}), 1)) OVER (PARTITION BY list_extract(CAST(['false', 'true'] AS BOOLEAN[]), CASE WHEN list_extract(sqlml_predict('churn-2', {'age': CAST("c"."age" AS DOUBLE), 'plan': CAST("c"."plan" AS TEXT)}), 2) > CAST('0.5' AS DOUBLE) THEN 2 ELSE 1 END) ORDER BY id) AS s FROM customers AS c QUALIFY rank() OVER (ORDER BY list_extract(sqlml_predict('spend-1', {'age': CAST("c"."age" AS DOUBLE), 'plan': CAST("c"."plan" AS TEXT)}), 1)) = 1;

SELECT ml_predict('spend', s) FROM (SELECT age, plan FROM customers) AS s;
SELECT list_extract(sqlml_predict('spend-1', {'age': CAST("s"."age" AS DOUBLE), 'plan': CAST("s"."plan" AS TEXT)}), 1) AS "ml_predict('spend', s)" FROM (SELECT age, plan FROM customers) AS s;

SELECT (SELECT ml_predict('spend', c)) AS g FROM customers AS c;
SELECT (SELECT list_extract(sqlml_predict('spend-1', {'age': CAST("c"."age" AS DOUBLE), 'plan': CAST("c"."plan" AS TEXT)}), 1) AS "ml_predict('spend', c)") AS g FROM customers AS c;

-- A model on the prediction of another.
SELECT ml_predict('pet', age := ml_predict('spend', c)) FROM customers AS c;
SELECT list_extract(CAST(['cat', 'dog', 'it''s a fish'] AS TEXT[]), list_extract(list_grade_up(sqlml_predict('pet-1', {'age': CAST(list_extract(sqlml_predict('spend-1', {'age': CAST("c"."age" AS DOUBLE), 'plan': CAST("c"."plan" AS TEXT)}), 1) AS DOUBLE)}), 'DESC'), 1)) AS "ml_predict('pet', age := ml_predict('spend', c))" FROM customers AS c;

-- Statements that write.
INSERT INTO scores SELECT id, ml_predict('churn', c), ml_predict('spend', c) FROM customers AS c;
INSERT INTO scores SELECT id, list_extract(CAST(['false', 'true'] AS BOOLEAN[]), CASE WHEN list_extract(sqlml_predict('churn-2', {'age': CAST("c"."age" AS DOUBLE), 'plan': CAST("c"."plan" AS TEXT)}), 2) > CAST('0.5' AS DOUBLE) THEN 2 ELSE 1 END) AS "ml_predict('churn', c)", list_extract(sqlml_predict('spend-1', {'age': CAST("c"."age" AS DOUBLE), 'plan': CAST("c"."plan" AS TEXT)}), 1) AS "ml_predict('spend', c)" FROM customers AS c;

UPDATE scores SET spend = ml_predict('spend', c) FROM customers AS c WHERE c.id = scores.id;
UPDATE scores SET spend = list_extract(sqlml_predict('spend-1', {'age': CAST("c"."age" AS DOUBLE), 'plan': CAST("c"."plan" AS TEXT)}), 1) FROM customers AS c WHERE c.id = scores.id;

UPDATE customers AS c SET churned = ml_predict('churn', c);
UPDATE customers AS c SET churned = list_extract(CAST(['false', 'true'] AS BOOLEAN[]), CASE WHEN list_extract(sqlml_predict('churn-2', {'age': CAST("c"."age" AS DOUBLE), 'plan': CAST("c"."plan" AS TEXT)}), 2) > CAST('0.5' AS DOUBLE) THEN 2 ELSE 1 END);

DELETE FROM customers WHERE ml_predict('churn', customers);
DELETE FROM customers WHERE list_extract(CAST(['false', 'true'] AS BOOLEAN[]), CASE WHEN list_extract(sqlml_predict('churn-2', {'age': CAST("customers"."age" AS DOUBLE), 'plan': CAST("customers"."plan" AS TEXT)}), 2) > CAST('0.5' AS DOUBLE) THEN 2 ELSE 1 END);

MERGE INTO scores AS s USING customers AS c ON c.id = s.id WHEN MATCHED THEN UPDATE SET spend = ml_predict('spend', c);
MERGE INTO scores AS s USING customers AS c ON c.id = s.id WHEN MATCHED THEN UPDATE SET spend = list_extract(sqlml_predict('spend-1', {'age': CAST("c"."age" AS DOUBLE), 'plan': CAST("c"."plan" AS TEXT)}), 1);

CREATE TABLE kept AS SELECT ml_predict('spend', c) FROM customers AS c;
CREATE TABLE kept AS SELECT list_extract(sqlml_predict('spend-1', {'age': CAST("c"."age" AS DOUBLE), 'plan': CAST("c"."plan" AS TEXT)}), 1) AS "ml_predict('spend', c)" FROM customers AS c;

COPY (SELECT ml_predict('spend', c) AS s FROM customers AS c) TO 'scores.parquet';
COPY (SELECT list_extract(sqlml_predict('spend-1', {'age': CAST("c"."age" AS DOUBLE), 'plan': CAST("c"."plan" AS TEXT)}), 1) AS s FROM customers AS c) TO 'scores.parquet';

INSERT INTO customers (age, plan) VALUES (31, 'pro') RETURNING ml_predict('spend', customers);
INSERT INTO customers (age, plan) VALUES (31, 'pro') RETURNING list_extract(sqlml_predict('spend-1', {'age': CAST("customers"."age" AS DOUBLE), 'plan': CAST("customers"."plan" AS TEXT)}), 1) AS "ml_predict('spend', customers)";
