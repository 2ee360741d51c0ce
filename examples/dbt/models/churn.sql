{{ config(materialized='model', options={'model_type': 'logistic_reg', 'input_label_cols': ['churned']}) }}

SELECT age, plan, visits, churned FROM {{ ref('customers') }}
