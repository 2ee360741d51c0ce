"""Functions over the tables of schema `sqlml`; each takes the cursor whose transaction it belongs to."""
