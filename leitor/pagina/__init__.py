"""A página: uma função dos registros, sem banco."""
