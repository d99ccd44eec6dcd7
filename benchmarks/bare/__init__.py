"""The least that Django can do: one view that returns bytes, without middleware."""
