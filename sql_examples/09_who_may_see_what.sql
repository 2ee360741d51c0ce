-- Lesson 9: who may see what: users, a row filter, a column mask, and a model that knows no more than its trainer.
CREATE TABLE customers AS
SELECT i AS id, ['north', 'south'][i % 2 + 1] AS region, 'c' || i || '@example.org' AS email,
       (i % 7)::DOUBLE AS visits, 10.0 * (i % 7) AS spend
FROM range(40) AS r(i);

-- The first user owns the database; from here on nobody sees what they were not granted.
CREATE USER owner;
CREATE USER ana;
GRANT USE SCHEMA, CREATE MODEL ON SCHEMA main TO ana;
GRANT SELECT ON TABLE customers TO ana;

CREATE FUNCTION own_region(region) AS is_member('managers') OR region = 'north';
CREATE FUNCTION no_address(email) AS CASE WHEN is_member('managers') THEN email ELSE '***' END;
ALTER TABLE customers SET ROW FILTER own_region ON (region);
ALTER TABLE customers ALTER COLUMN email SET MASK no_address;

-- A superuser may try what another user would see.
SET SESSION AUTHORIZATION ana;
SELECT region, email, count(*) AS customers FROM customers GROUP BY ALL;
-- => north | *** | 20

CREATE MODEL spend OPTIONS (model_type = 'linear_reg', input_label_cols = ['spend']) AS
SELECT visits, spend FROM customers;
SELECT round(ml_predict('spend', visits := 3.0), 2) AS spend;
-- => 30.0

-- Views have their owner's rights, but the filter still asks who reads: of forty customers ana is told of twenty.
RESET SESSION AUTHORIZATION;
CREATE VIEW totals AS SELECT count(*) AS customers FROM customers;
REVOKE SELECT ON TABLE customers FROM ana;
GRANT SELECT ON VIEW totals TO ana;
SET SESSION AUTHORIZATION ana;
FROM totals;
-- => 20
