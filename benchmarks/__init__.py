"""What is measured, and how: ratios of things timed side by side in one run."""
