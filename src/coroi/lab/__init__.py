"""What can be learnt before the data are there: studies of methods and designs by simulation."""
