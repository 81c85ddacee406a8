"""How fast is the server, beside others on the same machine? `python -m bench`; README.md says the rest."""
