"""Part A: what a pretrained text-to-image model can do."""
