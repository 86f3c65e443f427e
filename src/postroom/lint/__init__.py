"""Rules over articles and what is rendered from them: one rule, one function, each gives findings."""
