"""Cópias que tomam o lugar do banco: a restauração, e a adoção do que já havia."""
