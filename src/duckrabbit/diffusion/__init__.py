"""The engine: paths, parametrizations, denoisers, terms, steps and the one loop that drives them."""
