"""The network of MICACL (arXiv 2509.04344): one paper module per file, under the paper's name."""
