"""The report of a run: tables, pictures, plots and pages."""
