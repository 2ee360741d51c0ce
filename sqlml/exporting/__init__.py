"""Models in the formats of other tools: ONNX, pickles, MLflow's folders."""
