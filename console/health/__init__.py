"""What `leitstand check` looks at, part by part: the configuration's gaps, this host, the services, the outside."""
