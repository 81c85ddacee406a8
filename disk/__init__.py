"""What the server and the client both ask of the disk: files written whole or not at all, and safely."""
