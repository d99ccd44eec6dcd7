"""Corpora made by code: job descriptions of many shapes, all of them invented."""
