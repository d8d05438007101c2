"""What a corpus of a given size costs in hours and bytes on given machines.

The command that prints it is in `data_engine.terminal.estimates`.
"""

from data_engine.cost_model.work_costs import Cost, Machines, Today, Workload, costs, costs_today

__all__ = ["Cost", "Machines", "Today", "Workload", "costs", "costs_today"]
