-- Lesson 11: where a number comes from, column by column, through views and models.
CREATE TABLE visits AS SELECT i AS customer, i % 60 AS age, 5 + i % 9 AS pages, i % 4 = 0 AS bought FROM range(400) AS r(i);
CREATE VIEW features AS WITH visits AS (SELECT customer, age // 10 AS decade, pages, bought FROM visits) FROM visits;

CREATE MODEL buys OPTIONS (model_type = 'logistic_reg', input_label_cols = ['bought']) AS SELECT decade, pages, bought FROM features;
CREATE TABLE scored AS SELECT customer, ml_predict('buys', f) AS will_buy FROM features AS f;
CREATE TABLE report AS SELECT count(*) FILTER (WHERE will_buy) AS buyers FROM scored;

-- Upstream: from the report to the table, two ways of which one is the model.
SELECT DISTINCT depth, source_type, source, source_column FROM ML.LINEAGE('report') WHERE depth <= 2 ORDER BY ALL;
-- => 1 | TABLE | main.scored | will_buy
-- => 2 | MODEL | main.buys | NULL
-- => 2 | VIEW | main.features | decade
-- => 2 | VIEW | main.features | pages

-- Downstream: what has to be looked at when the age of customers is kept in another way.
SELECT DISTINCT target_type, target FROM ML.LINEAGE('visits', 'downstream', column := 'age') ORDER BY ALL;
-- => MODEL | main.buys
-- => TABLE | main.report
-- => TABLE | main.scored
-- => VIEW | main.features

-- It is part of the transaction.
BEGIN;
INSERT INTO report SELECT max(pages) FROM visits;
SELECT DISTINCT source_column FROM ML.LINEAGE('report', depth := 1) ORDER BY ALL;
-- => pages
-- => will_buy
ROLLBACK;
SELECT DISTINCT source_column FROM ML.LINEAGE('report', depth := 1);
-- => will_buy
