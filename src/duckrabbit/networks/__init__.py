"""The networks: plain modules from tensors to tensors, which know nothing of paths, samplers or files."""
