"""Who moves it: the only place where stages meet, and the only importer of rq."""
