"""One verb per file: the listing is the feature list."""
