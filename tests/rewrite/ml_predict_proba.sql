SELECT ml_predict_proba('churn', c) FROM customers AS c;
SELECT map(CAST(['false', 'true'] AS BOOLEAN[]), sqlml_predict('churn-2', {'age': CAST("c"."age" AS DOUBLE), 'plan': CAST("c"."plan" AS TEXT)})) AS "ml_predict_proba('churn', c)" FROM customers AS c;

SELECT ml_predict_proba('churn', c)[true] FROM customers AS c;
SELECT map(CAST(['false', 'true'] AS BOOLEAN[]), sqlml_predict('churn-2', {'age': CAST("c"."age" AS DOUBLE), 'plan': CAST("c"."plan" AS TEXT)}))[true] AS "ml_predict_proba('churn', c)[true]" FROM customers AS c;

SELECT ml_predict_proba('churn', c, label => true), ml_predict_proba('churn', c, label => 'false') FROM customers AS c;
SELECT list_extract(sqlml_predict('churn-2', {'age': CAST("c"."age" AS DOUBLE), 'plan': CAST("c"."plan" AS TEXT)}), 2) AS "ml_predict_proba('churn', c, label => true)", list_extract(sqlml_predict('churn-2', {'age': CAST("c"."age" AS DOUBLE), 'plan': CAST("c"."plan" AS TEXT)}), 1) AS "ml_predict_proba('churn', c, label => 'false')" FROM customers AS c;

SELECT ml_predict_proba('pet', age := 3, label := 'it''s a fish');
SELECT list_extract(sqlml_predict('pet-1', {'age': CAST(3 AS DOUBLE)}), 3) AS "ml_predict_proba('pet', age := 3, label := 'it''s a fish')";

-- $which = "dog"
SELECT ml_predict_proba(MODEL pet, {'age': 3}, label => $which);
SELECT list_extract(sqlml_predict('pet-1', {'age': CAST(3 AS DOUBLE)}), 2) AS "ml_predict_proba(MODEL pet, {'age': 3}, label => $which)";
