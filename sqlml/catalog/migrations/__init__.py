"""The SQL of each migration, in the order of their numbers."""
