"""What `dump` knows of files: one module per kind, each turning bytes into lines, none raising for what is damaged."""
