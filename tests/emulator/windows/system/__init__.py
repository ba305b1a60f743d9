"""What Windows itself keeps: edition, environment, services, event logs, firewall."""
