"""What makes the files that others install: the package (build.py), the single file (pyz.py)."""
