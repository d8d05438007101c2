"""Who may decide about a sample: label rules, the classifier, a person; each only where its gate says that it may.

What is decided is an answer of a kind, see `data_engine.labeling.answers`.
"""
