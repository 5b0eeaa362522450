"""O que se pede por HTTP, um módulo por assunto."""
