"""Work of a step on several machines by Ray, with the result that one machine gives, bit for bit."""
