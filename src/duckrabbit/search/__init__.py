"""Is it recognised? Judges, and how far a set of pictures is from real ones."""
