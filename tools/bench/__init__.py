"""How fast is the server, beside others on the same machine? `python -m tools.bench`; README.md says the rest."""
