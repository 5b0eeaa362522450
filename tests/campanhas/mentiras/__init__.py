"""Bancos bem selados que mentem: o oráculo do contrato, a forja, e as receitas."""
