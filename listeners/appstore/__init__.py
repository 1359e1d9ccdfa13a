"""What the source `appstore` is made of: the developer's own API, and the feed that everybody may read."""
