"""Stands in for a package of the vendor's repository that is on no registry: only what the suite imports of it."""
