"""Who sees and steers: command line, API, web pages."""
