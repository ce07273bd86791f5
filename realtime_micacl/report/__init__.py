"""One page of HTML that shows a recording and loads nothing else."""
