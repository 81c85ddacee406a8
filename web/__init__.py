"""The page that browsers get: HTML, a style and ES modules, as they are. runtime/web_files.py reads them."""
