"""What the tools share: running programs, sockets in crowds, findings. Imported by tools and tests, imports no tool."""
