"""Questions about a graph. Knows no dialect and no ruleset."""
