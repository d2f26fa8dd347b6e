"""Storage: models and runs in folders, on the hub, and with the package."""
