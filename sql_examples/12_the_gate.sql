-- Lesson 12: a version that is not good enough does not become the champion.
CREATE TABLE customers AS
SELECT i AS id, (i % 100) / 100 AS visits, (hash(i) % 100) / 100 AS spend, CASE WHEN i % 3 = 0 THEN 'basic' ELSE 'pro' END AS plan,
       CASE WHEN (i % 100) + (hash(i) % 100) > 99 THEN 'yes' ELSE 'no' END AS churned
FROM range(4000) AS r(i);

CREATE MODEL churn OPTIONS (model_type = 'logistic_reg', input_label_cols = ['churned'])
AS SELECT visits, spend, churned FROM customers;

ALTER MODEL churn ADD CONSTRAINT quality CHECK (roc_auc >= 0.90 AND f1 >= champion.f1 - 0.01);
ALTER MODEL churn ADD CONSTRAINT every_plan CHECK (recall >= 0.8) ON TABLE customers FOR EACH (plan);
ASSERT MODEL churn;
-- => churn | 1 | every_plan | plan = basic | recall >= 0.8
-- => churn | 1 | every_plan | plan = pro | recall >= 0.8
-- => churn | 1 | quality | NULL | roc_auc >= 0.90 AND f1 >= champion.f1 - 0.01

-- Half of what there is to know: the version is kept, and the name goes on meaning the first one.
CREATE OR REPLACE MODEL churn OPTIONS (model_type = 'logistic_reg', input_label_cols = ['churned'])
AS SELECT visits, churned FROM customers;
SELECT alias, version FROM sqlml.aliases;
-- => champion | 1

-- Is the first better, or is it chance? And which customers are decided otherwise?
DIFF MODEL churn VERSION 2 WITH churn VERSION 1 ON TABLE customers OPTIONS (slices = ['plan']);
DIFF MODEL churn VERSION 2 WITH churn VERSION 1 ON TABLE customers OPTIONS (max_flips = 3) SHOW FLIPS;

-- By force, and it is written down.
ALTER MODEL churn SET ALIAS champion = 2 FORCE;
SELECT version, len(violations) AS violations FROM sqlml.forced_promotions;
-- => 2 | 3
