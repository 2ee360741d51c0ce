-- Lesson 5: types decide what becomes of a column. NULLs and new categories are no trouble.
CREATE TABLE sales AS
SELECT TIMESTAMP '2024-01-01' + to_hours(i) AS sold_at, ['coffee', 'tea', NULL][1 + i % 3] AS product, i % 10 = 0 AS is_promoted,
       (10 + 5 * (dayofweek(sold_at) IN (0, 6))::INT + CASE WHEN product = 'tea' THEN 3 ELSE 0 END)::DECIMAL(8, 2) AS sold
FROM range(3000) AS t(i);

CREATE MODEL sold OPTIONS (model_type='linear_reg', input_label_cols=['sold']) AS FROM sales;
SELECT name, type, family FROM sqlml.features ORDER BY position;
-- => sold_at | TIMESTAMP | timestamp
-- => product | VARCHAR | text
-- => is_promoted | BOOLEAN | boolean

-- A Saturday and a Monday; a product that was never sold; a NULL.
SELECT round(ml_predict('sold', sold_at := TIMESTAMP '2024-03-02 10:00', product := 'tea', is_promoted := false), 1) AS saturday,
       round(ml_predict('sold', sold_at := TIMESTAMP '2024-03-04 10:00', product := 'tea', is_promoted := false), 1) AS monday;
-- => 18.0 | 13.0
SELECT ml_predict('sold', sold_at := TIMESTAMP '2024-03-04 10:00', product := 'juice', is_promoted := NULL) IS NULL AS is_null;
-- => false
