-- Lesson 13: which version made a prediction, and which versions may go.
CREATE TABLE customers AS
SELECT i AS id, (i % 7)::DOUBLE AS visits, 10.0 * (i % 7) AS spend FROM range(40) AS r(i);
CREATE MODEL spend OPTIONS (model_type = 'linear_reg', input_label_cols = ['spend']) AS
SELECT visits, spend FROM customers;

-- Each prediction says what made it: model, version, lineage, time, and a hash of the row's features.
CREATE TABLE predictions AS
SELECT * FROM ML.PREDICT(MODEL spend, (SELECT id, visits FROM customers), STRUCT(TRUE AS provenance));

-- The next version is trained on a mistake, and scores too.
CREATE OR REPLACE MODEL spend OPTIONS (model_type = 'linear_reg', input_label_cols = ['spend']) AS
SELECT visits, -spend AS spend FROM customers;
INSERT INTO predictions BY NAME
SELECT * FROM ML.PREDICT(MODEL spend, (SELECT 100 + id AS id, visits FROM customers), STRUCT(TRUE AS provenance));
SELECT _version, count(*) AS predictions, count(DISTINCT _row_hash) AS rows FROM predictions GROUP BY ALL ORDER BY ALL;
-- => 1 | 40 | 7
-- => 2 | 40 | 7

-- What it predicted is found and taken back.
DELETE FROM predictions WHERE _model = 'spend' AND _version = 2;
SELECT _version, count(*) AS predictions FROM predictions GROUP BY ALL;
-- => 1 | 40

-- The first version answers again, so the second may go.
ALTER MODEL spend SET ALIAS champion = 1;
VACUUM MODELS spend RETAIN 0 VERSIONS;
SELECT version FROM sqlml.model_versions;
-- => 1
