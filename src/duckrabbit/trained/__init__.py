"""What is trained: digit models, pocket, a user's own pictures; run folders, and samples along the way."""
