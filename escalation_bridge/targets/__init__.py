"""One file a system; the file name is the `kind` in the configuration."""
