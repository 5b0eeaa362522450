"""A página do leitor num navegador de verdade."""
