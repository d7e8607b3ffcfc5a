"""Face against voice."""
