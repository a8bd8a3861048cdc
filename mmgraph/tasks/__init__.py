"""Tasks that mmgraph comes with: data, models and scores, ready to train and to compare."""
