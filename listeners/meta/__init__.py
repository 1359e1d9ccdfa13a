"""What Facebook and Instagram share: Meta's Graph API, its webhooks, and comments below posts."""
