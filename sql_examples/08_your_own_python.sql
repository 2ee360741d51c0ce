-- Lesson 8: a SQL function in Python: an expression, statements, or a module.
CREATE FUNCTION shout(s VARCHAR) RETURNS VARCHAR LANGUAGE PYTHON AS $$ s.upper() + '!' if s is not None else None $$;
SELECT shout('hello') AS s, shout(NULL) AS nothing;
-- => HELLO! | NULL

-- A body that defines a function of that name is a module, run once.
CREATE FUNCTION slug(title VARCHAR) RETURNS VARCHAR LANGUAGE PYTHON AS $$
import re
WORDS = re.compile('[a-z0-9]+')
def slug(title):
    return '-'.join(WORDS.findall(title.lower()))
$$;
SELECT slug('The Old Man & the Sea') AS slug;
-- => the-old-man-the-sea

-- Arrow in, Arrow out: once for every 2,048 rows.
CREATE FUNCTION celsius(f DOUBLE) RETURNS DOUBLE LANGUAGE PYTHON OPTIONS (vectorized=TRUE) AS $$
import pyarrow.compute as pc
return pc.divide(pc.multiply(pc.subtract(f, 32.0), 5.0), 9.0)
$$;
SELECT count(*) AS n, round(avg(celsius(x)), 2) AS mean FROM range(10000) AS r(x);
-- => 10000 | 2759.72

-- It is as transactional as the data.
BEGIN;
CREATE OR REPLACE FUNCTION shout(s VARCHAR) RETURNS VARCHAR LANGUAGE PYTHON AS $$ s.upper() + '!!!' $$;
SELECT shout('hello') AS s;
-- => HELLO!!!
ROLLBACK;
SELECT shout('hello') AS s;
-- => HELLO!
SHOW FUNCTIONS IN main LIKE 's%';
-- => memory | main | shout | python | shout(s VARCHAR) -> VARCHAR | NULL
-- => memory | main | slug | python | slug(title VARCHAR) -> VARCHAR | NULL
