SELECT roc_auc FROM ml_evaluate('{{ ref("churn") }}') WHERE roc_auc < 0.9
