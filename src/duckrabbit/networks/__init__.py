"""The networks: plain modules from tensors to tensors, told nothing of paths, samplers or files."""
