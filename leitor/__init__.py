"""Leitor: verifica o banco que outro container gravou e lista o que há nele.

Não compartilha código com o escritor de propósito: um lacre recalculado por
outro programa é uma testemunha mais forte.
"""
