"""What tests share. Imported by tests alone."""
