"""Every figure of the quality report, with its interval and unit."""
