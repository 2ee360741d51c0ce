-- Lesson 6: a new version does not replace the one in use until you say so.
CREATE TABLE rides AS
SELECT i AS id, (hash(i) % 30)::INT AS km, (hash(i + 1) % 24)::INT AS hour, 3 + 2 * km + 5 * (hour IN (8, 18))::INT AS fare
FROM range(2000) AS t(i);

CREATE MODEL fare OPTIONS (model_type='linear_reg', input_label_cols=['fare']) AS SELECT km, hour, fare FROM rides;
ALTER MODEL fare SET ALIAS champion = 1;
CREATE VIEW offers AS SELECT id, round(ml_predict('fare', r), 2) AS fare FROM rides AS r;

-- A challenger: it is there, and the name still means the champion.
CREATE OR REPLACE MODEL fare OPTIONS (model_type='boosted_tree_regressor', input_label_cols=['fare'], max_iterations=50)
AS SELECT km, hour, fare FROM rides;
SELECT version, aliases, model_type FROM (SELECT v.version, list(a.alias) FILTER (a.alias IS NOT NULL) AS aliases, v.model_type
FROM sqlml.model_versions AS v LEFT JOIN sqlml.aliases AS a USING (model_id, version) GROUP BY ALL) ORDER BY version;
-- => 1 | [champion] | linear_reg
-- => 2 | NULL | boosted_tree_regressor

-- Which is better? Ask both, then let the name mean the better one; the view follows.
SELECT (SELECT round(mean_absolute_error, 1) FROM ML.EVALUATE(MODEL fare@champion, TABLE rides)) AS champion,
       (SELECT round(mean_absolute_error, 1) FROM ML.EVALUATE(MODEL fare VERSION 2, TABLE rides)) AS challenger;
-- => 0.8 | 0.2
ALTER MODEL fare SET ALIAS champion = 2;
SELECT count(*) AS offers_near_the_truth FROM offers JOIN rides USING (id) WHERE abs(offers.fare - rides.fare) < 0.5;
-- => 1884
