"""Pictures as SVG: readable on their own, in light and dark, with every text escaped."""
