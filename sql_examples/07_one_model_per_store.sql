-- Lesson 7: one model for each store, in one statement, as one model.
CREATE TABLE sales AS
SELECT ['north', 'south', 'west'][i % 3 + 1] AS store, i // 3 AS day, (i % 3 + 1) * (i // 3) + hash(i) % 3 AS sold
FROM range(600) AS r(i);
INSERT INTO sales VALUES ('harbour', 1, 20);

CREATE MODEL demand OPTIONS (model_type='linear_reg', input_label_cols=['sold'], partition_by=['store'])
AS FROM sales;

-- The harbour has opened only yesterday; that does not stop the others.
SELECT * EXCLUDE (evaluation_rows) FROM ML.PARTITION_INFO(MODEL demand);
-- => harbour | FAILED | 0 | There is one row with a label; at least 2 are needed.
-- => north | TRAINED | 200 | NULL
-- => south | TRAINED | 200 | NULL
-- => west | TRAINED | 200 | NULL

-- Each row is answered by the model of its store.
SELECT store, round(ml_predict('demand', store := store, day := 300)) AS expected
FROM (SELECT DISTINCT store FROM sales) ORDER BY store;
-- => harbour | NULL
-- => north | 301.0
-- => south | 601.0
-- => west | 901.0
