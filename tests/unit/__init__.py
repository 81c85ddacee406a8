"""A folder a package, a file a module: everything without real sockets or processes."""
