"""The commands of `simmer`, each in a file of its own."""
