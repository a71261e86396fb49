"""Plays oracle cases in a world, and writes what the real Postfix's recorder would have written."""
