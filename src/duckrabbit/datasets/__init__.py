"""Data sets: MNIST (shipped with the package) and Fashion-MNIST (downloaded once, then cached)."""
