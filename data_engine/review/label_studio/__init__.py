"""The bridge to a running Label Studio, by plain HTTP."""
