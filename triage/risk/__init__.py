"""Early warning: how likely an open case is to be escalated, why, and what rules make of it.

signs of a case ──weights (model)──► risk, kept with its case (estimates) ──► rules on it (ruling)
past cases (history) ──fit──► weights of the site's own, if they are better (training)
"""
