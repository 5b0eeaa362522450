"""O cluster, do `up` à máquina que morre."""
