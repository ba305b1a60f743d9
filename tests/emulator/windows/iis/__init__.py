"""IIS: its configuration file, pools, sites, workers and what HTTP.sys serves."""
