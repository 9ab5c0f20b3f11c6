"""How measures and scores are associated: correlations, covariates, and what is published about it."""
