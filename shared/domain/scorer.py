"""Which scorer's values are current. Raise it whenever a score of the same pixels may change."""

SCORER_VERSION = 3
