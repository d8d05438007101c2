"""Simulated annotators, who answer by the labels that are known beforehand."""
