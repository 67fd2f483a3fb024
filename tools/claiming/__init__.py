"""The experiments of make claims: their trainings, and the page of what came of them."""
