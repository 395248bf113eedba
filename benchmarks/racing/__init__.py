"""Agents and samplers race on tables: every run is looked up, nothing is trained."""
