"""What was learnt: solved cases, articles and reply templates, found when a new case looks like an old one."""
