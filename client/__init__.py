"""The parts of the client. Pure where they can be."""
