"""Carriers and PBXs tell of calls by HTTP: what they post is checked, queued, and becomes files in the inbox."""
