"""Side-by-side measurements: ``inv bench <area>`` runs those of one area."""
