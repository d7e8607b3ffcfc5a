"""Small trained networks over features: what they need, and how they are run over a recording."""
