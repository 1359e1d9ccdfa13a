"""What two texts have in common that are one: their bare words, their links, and numbers to find copies by. Pure."""
