"""Do replicas merge as they should? Random histories, and real ones."""
