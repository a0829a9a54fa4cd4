"""Part B: digits, by the models that this project trains."""
