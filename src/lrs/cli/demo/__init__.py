"""A believable company with a learning ecosystem, told as xAPI statements."""
