"""Training: objectives as values, one loop that yields its progress, checkpoints that resume exactly."""
