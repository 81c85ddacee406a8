"""What developers run: benchmarks, stress, crash tests, fuzzing, pictures. Nothing of the product imports it."""
