"""Who watches: metrics, the SQL collector, health."""
