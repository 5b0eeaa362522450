"""Testes com contêineres: o par inteiro num engine Docker de verdade."""
