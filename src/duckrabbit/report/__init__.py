"""The report: every figure with what it teaches and the command that makes it, as a folder of plain files."""
