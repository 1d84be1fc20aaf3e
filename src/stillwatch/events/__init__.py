"""What happened: the exchange log, its schema, its readers and its adapters."""
