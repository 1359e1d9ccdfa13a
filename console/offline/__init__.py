"""What the commands do that need no database: read posts from a file, assess, match, rehearse, measure."""
