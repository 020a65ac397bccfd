"""A small program with well-known weaknesses, for scanners to find."""

import hashlib
import pickle
import sqlite3
import subprocess


def find(name):
    database = sqlite3.connect("users.db")
    return database.execute("SELECT * FROM users WHERE name = '" + name + "'").fetchall()


def load(blob):
    return pickle.loads(blob)


def run(command):
    return subprocess.call(command, shell=True)


def run_quietly(command):
    return subprocess.call(command, shell=True)  # nosec B602  # nosemgrep


def digest(text):
    return hashlib.md5(text).hexdigest()


def calculate(expression):
    return eval(expression)
