"""Frames of video files as samples: chosen by time or where the scene changes, and found again by their time stamp."""
