"""What the rules measure of images, tiles of scenes and sounds, and the rules of each."""
