"""New York's flights of 2013: which will arrive late? `make demo`."""
