"""Which columns a statement writes and from which columns each of them is computed."""
