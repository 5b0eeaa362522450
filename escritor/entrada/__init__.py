"""A entrada: um arquivo vira lotes de pessoas que servem. Nada daqui conhece um banco."""
