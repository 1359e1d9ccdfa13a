"""Stories: posts that say the same thing, on whatever network: reposts, the same link, copies of a text."""
