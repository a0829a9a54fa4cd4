"""Models: a network with what is known of it, ready to denoise, from the package, a run, or a file."""
