"""Fine-tuning a checkpoint on GLUE: the tasks, their metrics, the training."""
