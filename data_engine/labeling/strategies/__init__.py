"""Query strategies: whom to ask about next. Each measures a utility, then picks by it."""
