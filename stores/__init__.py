"""What outlives the process. The only code that touches the disk."""
