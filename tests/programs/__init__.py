"""The real programs as processes, with a real telnet, nc, tmux and nginx."""
