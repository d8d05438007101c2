"""What makes things happen without a person: jobs, conditions, sensors, schedules."""
