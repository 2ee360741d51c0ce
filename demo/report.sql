-- # The data
SELECT CASE WHEN arr_delay IS NULL THEN 'never arrived: scored, not learned from'
            WHEN month <= 8 THEN 'January to August: learned from' ELSE 'September to December: tested on' END AS part,
       count(*) AS flights, round(100 * avg(late::INT), 1) AS "% late", round(avg(arr_delay), 1) AS "minutes late"
FROM known GROUP BY part ORDER BY flights DESC;

-- # Late or not, on the future: two hours ahead, more than 15 minutes late
-- ROC AUC is how often a flight that came late was given the higher risk than one that did not: 0.5 is a coin, 1 is perfect.
SELECT 'always the average' AS model, 0.5 AS roc_auc,
       round(-avg(CASE WHEN late THEN ln(base) ELSE ln(1 - base) END), 4) AS log_loss,
       round(avg((NOT late)::INT), 3) AS accuracy, NULL AS precision, NULL AS recall
FROM future, (SELECT avg(late::INT) AS base FROM past)
UNION ALL
SELECT 'logistic_reg', round(roc_auc, 3), round(log_loss, 4), round(accuracy, 3), round(precision, 3), round(recall, 3)
FROM ML.EVALUATE(MODEL late_baseline, TABLE future)
UNION ALL
SELECT 'boosted_tree_classifier', round(roc_auc, 3), round(log_loss, 4), round(accuracy, 3), round(precision, 3), round(recall, 3)
FROM ML.EVALUATE(MODEL late, TABLE future);

-- # By how many minutes, on the future
SELECT 'always the average' AS model, round(avg(abs(arr_delay - base)), 2) AS mean_absolute_error,
       round(sqrt(avg((arr_delay - base) ** 2)), 2) AS rmse, round(1 - avg((arr_delay - base) ** 2) / var_pop(arr_delay), 3) AS r2_score
FROM future, (SELECT avg(arr_delay) AS base FROM past)
UNION ALL
SELECT 'linear_reg', round(mean_absolute_error, 2), round(sqrt(mean_squared_error), 2), round(r2_score, 3)
FROM ML.EVALUATE(MODEL delay_baseline, TABLE future)
UNION ALL
SELECT 'boosted_tree_regressor', round(mean_absolute_error, 2), round(sqrt(mean_squared_error), 2), round(r2_score, 3)
FROM ML.EVALUATE(MODEL delay, TABLE future);

-- # Is the risk what it says? The future in ten groups, from the riskiest down
-- A crew that can prepare for one flight in ten prepares for the first row; lift is how many times more late flights that row has than the average.
SELECT 11 - tenth AS "group", count(*) AS flights, round(100 * avg(risk), 1) AS "% risk", round(100 * avg(late::INT), 1) AS "% late",
       round(avg(late::INT) / any_value(base), 2) AS lift, round(avg(expected_delay), 1) AS "expected min", round(avg(arr_delay), 1) AS "real min"
FROM (SELECT f.late, f.arr_delay, s.risk, s.expected_delay, ntile(10) OVER (ORDER BY s.risk) AS tenth FROM future AS f JOIN scored AS s USING (id)),
     (SELECT avg(late::INT) AS base FROM future)
GROUP BY tenth ORDER BY tenth DESC;

-- # The airlines, by what the model expects of the future and what came
SELECT a.name AS airline, count(*) AS flights, round(100 * avg(s.risk), 1) AS "% risk", round(100 * avg(f.late::INT), 1) AS "% late"
FROM future AS f JOIN scored AS s USING (id) JOIN airlines AS a USING (carrier)
GROUP BY ALL HAVING count(*) > 1000 ORDER BY 3 DESC;

-- # The most surprising misses: nothing spoke against them
SELECT strftime(f.sched_dep, '%d %b %H:%M') AS scheduled, a.name || ' to ' || f.dest AS flight, round(100 * s.risk, 1) AS "% risk",
       f.arr_delay::INT AS "min late",
       CASE WHEN t.dep_delay > 0.8 * f.arr_delay THEN 'left ' || t.dep_delay::INT || ' min late: '
            ELSE 'left ' || t.dep_delay::INT || ' min late, lost the rest in the air: ' END
       || CASE WHEN w.precip > 0.05 OR w.visib < 3 THEN 'weather came up after the decision'
               WHEN o.airport_delay > 30 THEN 'the airport jammed after the decision'
               ELSE 'only this flight' END AS "what happened"
FROM future AS f
JOIN scored AS s USING (id)
JOIN times AS t USING (id)
JOIN airlines AS a ON a.carrier = f.carrier
LEFT JOIN weather AS w ON w.origin = f.origin AND w.time_hour = t.time_hour
LEFT JOIN (SELECT origin, time_hour, avg(dep_delay) AS airport_delay FROM times GROUP BY ALL) AS o
       ON o.origin = f.origin AND o.time_hour = t.time_hour
WHERE s.risk < 0.1 AND f.arr_delay > 120
ORDER BY f.arr_delay / s.risk DESC LIMIT 10;
