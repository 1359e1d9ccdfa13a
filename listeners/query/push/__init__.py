"""Push-down: for each network the narrowest filter of its own that cannot lose a post. All is re-checked here."""
