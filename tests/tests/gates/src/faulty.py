"""Runs what a stranger says."""

import subprocess


def run(command):
    """Runs it in a shell."""
    return subprocess.call(command, shell=True)
