-- Lesson 3: evaluate on what came later, and move the threshold.
CREATE TABLE visits AS
SELECT i AS id, DATE '2024-01-01' + (i // 20)::INT AS day, (hash(i) % 30)::INT AS pages,
       ['ad', 'mail', 'search'][1 + (hash(i + 1) % 3)::INT] AS channel,
       pages + CASE channel WHEN 'mail' THEN 10 ELSE 0 END + (hash(i + 2) % 20)::INT > 38 AS bought
FROM range(6000) AS t(i);

CREATE MODEL buys OPTIONS (model_type='boosted_tree_classifier', input_label_cols=['bought'])
AS SELECT pages, channel, bought FROM visits WHERE day < DATE '2024-08-01';

-- The rows held out at training.
SELECT round(accuracy, 2) AS accuracy, round(roc_auc, 2) AS roc_auc FROM ML.EVALUATE(MODEL buys);
-- => 0.8 | 0.84

-- Rows that were not there yet.
SELECT round(precision, 2) AS precision, round(recall, 2) AS recall
FROM ML.EVALUATE(MODEL buys, (SELECT * FROM visits WHERE day >= DATE '2024-08-01'));
-- => 0.6 | 0.44

-- To miss fewer buyers, call more visitors one: precision falls, recall rises.
SELECT round(precision, 2) AS precision, round(recall, 2) AS recall
FROM ML.EVALUATE(MODEL buys, (SELECT * FROM visits WHERE day >= DATE '2024-08-01'), STRUCT(0.2 AS threshold));
-- => 0.49 | 0.94

-- Predictions as a table: the label, all probabilities, and the columns of the input.
SELECT predicted_bought, len(predicted_bought_probs) AS classes, pages, channel
FROM ML.PREDICT(MODEL buys, (SELECT pages, channel FROM visits ORDER BY pages DESC, id LIMIT 2));
-- => false | 2 | 29 | ad
-- => false | 2 | 29 | search
