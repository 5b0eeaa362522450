"""Escritor: cria o banco, grava usuários e sela cada execução.

O contrato com o leitor é o arquivo SQLite, nunca código: veja o README,
seção "Contrato".
"""
