-- Lesson 10: the same model again, or which table changed.
CREATE TABLE customers AS
SELECT i AS id, (i % 7)::DOUBLE AS visits, 10.0 * (i % 7) + i % 3 AS spend FROM range(1000) AS r(i);

CREATE MODEL spend OPTIONS (model_type = 'boosted_tree_regressor', input_label_cols = ['spend'], max_iterations = 5, seed = 42)
AS SELECT visits, spend FROM customers;

-- Trained again from what was recorded, and not kept: the artifact has the same sha256.
CREATE MODEL twin COPY spend;
REPRODUCE MODEL spend VERSION 1;

-- Query, rows, split, seed, options and libraries have one hash together.
SELECT count(DISTINCT lineage_hash) AS lineages FROM sqlml.recipes;
-- => 1

-- Three customers come. A refresh says why it trains, and why it does not.
INSERT INTO customers VALUES (1000, 3, 30), (1001, 4, 41), (1002, 5, 52);
REFRESH MODEL spend;
REFRESH MODEL spend;
SELECT version, training_rows FROM sqlml.runs WHERE model_id = (SELECT model_id FROM sqlml.models WHERE model_name = 'spend') ORDER BY version;
-- => 1 | 761
-- => 2 | 763

-- The first version cannot be made of these rows any more; it is still there.
REPRODUCE MODEL spend VERSION 1;
