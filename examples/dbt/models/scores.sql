SELECT id, predicted_churned AS churns
FROM ml_predict('{{ ref("churn") }}', 'SELECT * EXCLUDE (churned) FROM {{ ref("customers") }}')
