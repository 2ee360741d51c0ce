-- Ordinary statements that ana must not be refused, one a line, with the answer that DuckDB gives over her own tables.
SELECT * FROM notes ORDER BY id
FROM notes SELECT body WHERE id > 1
TABLE notes
SELECT n.id, m.body FROM notes n JOIN notes m USING (id) ORDER BY ALL
SELECT * FROM notes n LEFT JOIN keyed k ON n.id = k.id ORDER BY ALL
SELECT count(*) FROM notes, notes m
SELECT id FROM notes SEMI JOIN keyed USING (id)
SELECT id FROM notes ANTI JOIN keyed USING (id)
SELECT * FROM notes POSITIONAL JOIN keyed
SELECT n.id FROM notes n ASOF JOIN keyed k ON n.id >= k.id ORDER BY 1
SELECT n.id, x.b FROM notes n, LATERAL (SELECT n.body || '!' AS b) x ORDER BY 1
SELECT id, row_number() OVER (ORDER BY id DESC) FROM notes ORDER BY 1
SELECT id, lag(body) OVER (PARTITION BY id % 2 ORDER BY id) FROM notes ORDER BY 1
SELECT id, sum(id) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM notes ORDER BY 1
SELECT id FROM notes QUALIFY row_number() OVER (ORDER BY id) = 1
WITH a AS (FROM notes), b AS (FROM a) SELECT * FROM b ORDER BY id
WITH notes AS (FROM notes) SELECT count(*) FROM notes
WITH RECURSIVE a AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM a WHERE i < 5) SELECT sum(i) FROM a
WITH RECURSIVE a(i) AS (SELECT 1 UNION SELECT i % 3 + 1 FROM a) SELECT * FROM a ORDER BY 1
SELECT id FROM notes UNION ALL SELECT id FROM keyed ORDER BY 1
SELECT id FROM notes EXCEPT SELECT id FROM keyed
SELECT id, body FROM notes UNION BY NAME SELECT body FROM keyed ORDER BY ALL
SELECT id % 2 AS odd, count(*), max(body) FROM notes GROUP BY ALL ORDER BY ALL
SELECT id, count(*) FROM notes GROUP BY ROLLUP (id) ORDER BY ALL
SELECT count(*) FILTER (id > 1) FROM notes
SELECT max(id) FROM notes HAVING count(*) > 1
PIVOT notes ON body IN ('mine', 'too') USING count(*)
SELECT * FROM notes PIVOT (count(*) FOR body IN ('mine', 'too'))
UNPIVOT (SELECT 1 AS a, 2 AS b) ON a, b
SELECT {'a': 1, 'b': [1, 2]}::JSON ->> '$.b[1]'
SELECT json_extract_string('{"a": "x"}', '$.a')
SELECT [1, 2, 3][2], list_sum([1, 2])
SELECT list_transform([1, 2], lambda x: x + 1), list_filter([1, 2], lambda x: x > 1)
SELECT [x * 2 FOR x IN [1, 2] IF x > 1]
SELECT unnest([1, 2]) AS x ORDER BY x
SELECT MAP {'a': 1}['a']
SELECT DATE '2024-02-29' + INTERVAL 1 YEAR, date_trunc('month', DATE '2024-02-29')
SELECT strftime(DATE '2024-01-02', '%d.%m.%Y'), extract(year FROM DATE '2024-01-02')
SELECT CASE WHEN 1 < 2 THEN 'a' ELSE 'b' END, coalesce(NULL, 1), nullif(1, 1)
SELECT 'abc' LIKE 'a%', 'abc' ILIKE 'A%', regexp_matches('abc', 'b'), 'abc' SIMILAR TO 'a.c'
SELECT substr('abc', 2), upper('a') || lower('B'), trim(' a '), replace('aa', 'a', 'b'), 'a' NOT IN ('b')
SELECT TRY_CAST('x' AS INTEGER), '1'::INTEGER, round(1.234, 2), 7 // 2, 7 % 2, 2 ** 3
SELECT count(*) FROM notes USING SAMPLE 100%
SELECT COLUMNS('b.*') FROM notes ORDER BY 1
SELECT * EXCLUDE (id) FROM notes ORDER BY 1
SELECT * REPLACE (id + 1 AS id) FROM notes ORDER BY 1
SELECT DISTINCT ON (id % 2) id FROM notes ORDER BY id
SELECT (SELECT max(id) FROM notes), EXISTS (FROM notes), 1 IN (SELECT id FROM notes)
SELECT * FROM range(3)
SELECT * FROM generate_series(1, 3) t(i)
VALUES (1, 'a'), (2, 'b')
INSERT INTO notes VALUES (3, 'c') ;; SELECT * FROM notes ORDER BY id
INSERT INTO notes (body) VALUES ('x') RETURNING body
INSERT INTO notes BY NAME SELECT 'b' AS body, 4 AS id ;; FROM notes ORDER BY id
INSERT INTO notes SELECT id + 10, body FROM notes ;; FROM notes ORDER BY id
INSERT INTO keyed VALUES (1, 'z') ON CONFLICT DO UPDATE SET body = excluded.body ;; FROM keyed
INSERT OR IGNORE INTO keyed VALUES (1, 'z') ;; FROM keyed
UPDATE notes SET body = 'u' WHERE id = 1 ;; FROM notes ORDER BY id
UPDATE notes SET body = k.body FROM keyed k WHERE k.id = notes.id RETURNING notes.body
UPDATE notes SET body = (SELECT max(body) FROM notes) ;; FROM notes ORDER BY id
DELETE FROM notes WHERE id = 2 RETURNING *
DELETE FROM notes USING keyed WHERE keyed.id = notes.id ;; FROM notes
MERGE INTO notes USING (SELECT 1 AS id, 'm' AS body) s ON notes.id = s.id WHEN MATCHED THEN UPDATE SET body = s.body WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.body) ;; FROM notes ORDER BY id
MERGE INTO notes USING (SELECT 9 AS id, 'm' AS body) s USING (id) WHEN NOT MATCHED THEN INSERT ;; FROM notes ORDER BY id
TRUNCATE notes ;; SELECT count(*) FROM notes
CREATE TABLE a1 AS FROM notes ;; SELECT * FROM a1 ORDER BY id
CREATE TABLE a2 (id INTEGER PRIMARY KEY, b VARCHAR DEFAULT 'x', CHECK (id > 0)) ;; INSERT INTO a2 (id) VALUES (1) ;; FROM a2
CREATE TEMP TABLE a3 AS FROM notes ;; INSERT INTO a3 VALUES (5, 'e') ;; SELECT * FROM a3 ORDER BY id
CREATE VIEW a4 AS SELECT id FROM notes WHERE id > 1 ;; FROM a4
CREATE VIEW a5 AS WITH x AS (FROM notes) SELECT * FROM x ;; FROM a5 ORDER BY id
CREATE TEMP VIEW a6(x, y) AS FROM notes ;; SELECT y FROM a6 ORDER BY x
CREATE MACRO a7(x) AS x + 1 ;; SELECT a7(1), sum(a7(id)) FROM notes
CREATE MACRO a8(i) AS (SELECT body FROM notes WHERE notes.id = i) ;; SELECT a8(1), n.id, a8(n.id) FROM notes n ORDER BY id
CREATE MACRO a9(i) AS TABLE SELECT * FROM notes WHERE id >= i ;; FROM a9(2)
CREATE MACRO a10(x) AS a11(x) ;; SELECT 1
CREATE MACRO a12(x) AS x * 2 ;; CREATE MACRO a13(x) AS a12(x) + 1 ;; SELECT a13(2)
ALTER TABLE notes ADD COLUMN c INTEGER DEFAULT 1 ;; FROM notes ORDER BY id
ALTER TABLE notes RENAME COLUMN body TO text ;; SELECT text FROM notes ORDER BY 1
CREATE INDEX i1 ON notes (id) ;; SELECT count(*) FROM notes
COMMENT ON TABLE notes IS 'x' ;; SELECT 1
DROP TABLE keyed ;; SELECT 1
BEGIN ;; INSERT INTO notes VALUES (3, 'c') ;; ROLLBACK ;; SELECT count(*) FROM notes
PREPARE q1 AS SELECT body FROM notes WHERE id = $1 ;; EXECUTE q1(1) ;; DEALLOCATE q1
SET VARIABLE v = 5 ;; SELECT getvariable('v')
SET TimeZone = 'UTC' ;; SELECT 1
DESCRIBE notes
SUMMARIZE notes
DESCRIBE SELECT id FROM notes
EXPLAIN SELECT 1 ;; SELECT 1
