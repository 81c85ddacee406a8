"""Can a peer hurt the server? Proofs against the real program: `python -m tools.stress`; README.md says the rest."""
