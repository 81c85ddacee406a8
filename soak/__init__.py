"""Can a peer hurt the server? Proofs against the real program: `python -m soak`; README.md says the rest."""
