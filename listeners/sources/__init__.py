"""One file a network; the file name is the `kind` in the configuration."""
