"""O mesmo par, num servidor PostgreSQL: cada programa recebe daqui o módulo que fala com ele."""
