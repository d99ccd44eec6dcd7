"""A site of the same kind on Wagtail, set up as its documentation says: what `make bench` compares with."""
