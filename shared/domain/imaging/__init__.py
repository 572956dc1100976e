"""What is done to pixels: reading claims, renditions, scores."""
