"""Handlers of domain events: load by id, call one service."""
