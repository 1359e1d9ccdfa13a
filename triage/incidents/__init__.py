"""Incidents: many people in trouble at once on one watchlist, where one case would be opened after the other."""
