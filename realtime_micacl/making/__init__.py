"""Making an engine: data sets, training, evaluation, export; none of it is needed to run one."""
