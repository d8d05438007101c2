"""Decoders that damaged files can kill, hang or blow up run in a process of their own; what they gave comes back."""
