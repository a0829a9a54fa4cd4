"""One function for each figure of the report; the registry names them."""
