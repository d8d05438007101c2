"""The people of a review queue: their tokens and roles, what they did, how they answer."""
