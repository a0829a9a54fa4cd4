"""The command line: a verb is a file with `Options` and `run`; nothing heavy is imported before a verb needs it."""
