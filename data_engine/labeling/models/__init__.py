"""Micro-models: small classifiers of embeddings, each trained for one question.

`registry.py` lists them; what each of them promises is in `micro_model.py`.
"""
