"""The pictures of the documentation that programs draw: the dashboard in Grafana, commands, the architecture."""
