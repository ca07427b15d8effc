"""One folder a dialect: detect, parse, convert."""
