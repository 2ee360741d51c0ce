-- Lesson 4: a model is as transactional as its data.
CREATE TABLE t AS SELECT i AS x, 2 * i + 1 AS y FROM range(100) AS r(i);
CREATE MODEL line OPTIONS (model_type='linear_reg', input_label_cols=['y']) AS FROM t;
SELECT round(ml_predict('line', x := 10), 6) AS y;
-- => 21.0

-- New rows, a new version: used here before anyone else can see it.
BEGIN;
INSERT INTO t SELECT x, y + 100 FROM t;
CREATE OR REPLACE MODEL line OPTIONS (model_type='linear_reg', input_label_cols=['y']) AS FROM t;
SELECT round(ml_predict('line', x := 10), 6) AS y;
-- => 71.0
ROLLBACK;

-- Neither the rows nor the version were ever there.
SELECT count(*) AS n, round(ml_predict('line', x := 10), 6) AS y FROM t;
-- => 100 | 21.0
SELECT model, version, model_type FROM (SELECT model_name AS model, version, model_type
FROM sqlml.models JOIN sqlml.model_versions USING (model_id));
-- => line | 1 | linear_reg
