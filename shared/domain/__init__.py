"""Pure: values in, values out. No clock, randomness, environment or network."""
