"""Access control: who may do what with which objects, decided from the catalog's grants before DuckDB sees any text."""
