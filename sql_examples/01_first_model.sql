-- Lesson 1: a table, a model, a prediction.
-- Taxi rides: 3 to start, 2 a kilometre, half as much again at night.
CREATE TABLE rides AS
SELECT i AS id, 1 + (hash(i) % 1900) / 100 AS km, hash(i + 1) % 4 = 0 AS at_night,
       round((3 + 2 * km) * CASE WHEN at_night THEN 1.5 ELSE 1 END, 2) AS fare
FROM range(2000) AS t(i);

-- Every column but the label becomes a feature.
CREATE MODEL fare OPTIONS (model_type='boosted_tree_regressor', input_label_cols=['fare'], max_iterations=50)
AS SELECT km, at_night, fare FROM rides;

-- How well does it know the rides that it was not shown? 1 is perfect.
SELECT round(r2_score, 2) AS r2_score FROM ML.EVALUATE(MODEL fare);
-- => 1.0

-- What will a ride cost?
SELECT round(ml_predict('fare', km := 10, at_night := false)) AS by_day,
       round(ml_predict('fare', km := 10, at_night := true)) AS at_night;
-- => 23.0 | 34.0

-- The same for every ride of a table.
SELECT id, km, at_night, round(ml_predict('fare', r)) AS predicted, fare FROM rides AS r ORDER BY id LIMIT 3;
-- => 0 | 1.0 | true | 8.0 | 7.5
-- => 1 | 16.52 | false | 36.0 | 36.04
-- => 2 | 2.34 | false | 8.0 | 7.68

-- The model is in the database, beside the data.
SELECT model_name, version, model_type, label_name FROM sqlml.models JOIN sqlml.model_versions USING (model_id);
-- => fare | 1 | boosted_tree_regressor | fare
