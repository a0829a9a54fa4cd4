"""From a recipe to pictures, once for every front end: plan, sample, record, choose the best."""
