SELECT i AS id, 18 + i * 7 % 60 AS age, ['free', 'pro', 'team'][1 + i % 3] AS plan, i * 13 % 11 AS visits,
       i * 13 % 11 + i % 3 < 4 + {{ var('shift', 0) }} AS churned
FROM range(600) AS r(i)
