"""Real sockets and threads in the test's own process."""
