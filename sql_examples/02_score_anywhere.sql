-- Lesson 2: a prediction is an expression.
-- It can stand wherever a value can: in WHERE, in a window, in UPDATE, on another model's output.
CREATE TABLE houses AS
SELECT i AS id, 40 + (hash(i) % 160)::INT AS area, 1 + (hash(i + 1) % 5)::INT AS rooms,
       ['old town', 'suburb', 'village'][1 + (hash(i + 2) % 3)::INT] AS place,
       area * 3 + rooms * 10 + CASE place WHEN 'old town' THEN 120 ELSE 0 END AS price
FROM range(2000) AS t(i);

CREATE MODEL price OPTIONS (model_type='linear_reg', input_label_cols=['price'])
AS SELECT area, rooms, place, price FROM houses;

-- A whole row, columns by name, or values.
SELECT round(ml_predict('price', h)) AS a, round(ml_predict('price', area, rooms, place)) AS b,
       round(ml_predict('price', place := 'suburb', area := 100, rooms := 3)) AS c
FROM houses AS h WHERE id = 1;
-- => 626.0 | 626.0 | 330.0

-- Filter and aggregate by predictions.
SELECT place, count(*) AS houses FROM houses AS h
WHERE ml_predict('price', h) > 500 GROUP BY place ORDER BY place;
-- => old town | 338
-- => suburb | 170
-- => village | 173

-- One model's answer is another model's feature.
CREATE MODEL class OPTIONS (model_type='logistic_reg', input_label_cols=['is_dear'], l2_reg=1)
AS SELECT ml_predict('price', h) AS expected, price > 450 AS is_dear FROM houses AS h;
SELECT ml_predict('class', expected := ml_predict('price', area := 150, rooms := 5, place := 'old town')) AS is_dear;
-- => true

-- A view follows its model to the next version.
CREATE VIEW offers AS SELECT id, round(ml_predict('price', h)) AS expected FROM houses AS h;
SELECT count(*) AS offers, max(expected) > 500 AS some_are_dear FROM offers;
-- => 2000 | true
