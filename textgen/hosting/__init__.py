"""The app on a server: its processes, kept running, and nginx in front of them."""
