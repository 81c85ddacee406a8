"""The pictures of the client in the documents, from a real session: `python -m tools.screenshots` makes them all."""
