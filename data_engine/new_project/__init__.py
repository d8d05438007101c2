"""New projects and new corpora: what data look like, the YAML file that is written for them, the folder of a project.

Reading the data is in `data_engine.indexing`, what a YAML file may hold in `data_engine.corpus`.
"""
