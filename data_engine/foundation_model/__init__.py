"""A foundation model behind a chat API: what it is asked, what it answers, what that costs; every answer paid once.

Whether its answers may decide without a person is certified in `data_engine.labeling.deciders.model_answers`.
"""
