"""Recipes: jobs of many steps, of which only what has changed is done again."""
