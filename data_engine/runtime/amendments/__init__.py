"""What follows when somebody changes their mind: classes, batches, a whole corpus, checks that are made again."""
