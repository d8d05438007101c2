"""Rules of pairs of an image and its caption: those of images, those of texts, and how well the two agree."""
