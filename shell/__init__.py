"""The server's side of the operating system, around the loop in server.py: sockets and the command line."""
