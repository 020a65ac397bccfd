"""Greets whoever asks."""


def greet(name):
    """A greeting."""
    return f"Hello, {name}!"
