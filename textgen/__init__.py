"""Word-level recurrent networks that write recipes, and what sampling temperature does to them."""
