"""Mail boxes: the IMAP that is needed to read them, and what a mail says."""
