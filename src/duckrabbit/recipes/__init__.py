"""One short file per thing a user makes."""
