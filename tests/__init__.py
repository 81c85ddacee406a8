"""The tests: a file for each module; whole conversations in memory, on live sockets and between real programs."""
