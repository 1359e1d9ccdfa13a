"""What a week said about something, for those who can change it: gathered once a week, told in German or English."""
