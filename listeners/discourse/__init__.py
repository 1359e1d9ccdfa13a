"""Discourse: what its webhook and its newest posts say."""
