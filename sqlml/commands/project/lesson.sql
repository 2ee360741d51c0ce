-- A first lesson: sqlml run lesson.sql --db lesson.duckdb

-- 1. Customers, made up: those who pay much and call often tend to leave.
CREATE OR REPLACE TABLE customers AS
SELECT i AS id, ['basic', 'plus', 'pro'][1 + (hash(i) % 3)::INTEGER] AS plan,
       1 + (hash(i + 7) % 48)::INTEGER AS months, 10 + (hash(i + 13) % 90)::INTEGER AS price,
       (hash(i + 29) % 6)::INTEGER AS calls,
       price + 12 * calls - months + (hash(i + 31) % 40)::INTEGER > 90 AS churned
FROM range(3000) AS r(i);

-- 2. Train on a query. Every column but the label is a feature; a fifth of the rows is held out.
CREATE OR REPLACE MODEL churn
OPTIONS (model_type='boosted_tree_classifier', input_label_cols=['churned'])
AS SELECT plan, months, price, calls, churned FROM customers;

-- 3. How good is it, on the rows that it has not seen? What does it look at?
SELECT round(accuracy, 3) AS accuracy, round(roc_auc, 3) AS roc_auc FROM ML.EVALUATE(MODEL churn);
SELECT feature, importance_gain FROM ML.FEATURE_IMPORTANCE(MODEL churn);

-- 4. Use it: on values, and on rows like on any other column.
SELECT ml_predict('churn', plan := 'basic', months := 3, price := 80, calls := 4) AS leaves;

SELECT id, plan, months, price, calls, round(ml_predict_proba('churn', c, label => true), 3) AS risk
FROM customers AS c
ORDER BY risk DESC, id
LIMIT 5;
