"""Is it recognised? Judges, what is put to them, and how far a set of pictures is from real ones."""
