"""Pages about people and their organisation, by noun."""
