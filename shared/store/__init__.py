"""MongoDB: everything that must last. The only package that imports a driver, and either of two will do."""
