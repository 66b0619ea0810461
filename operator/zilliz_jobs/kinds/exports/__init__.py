"""ExportJob."""
