"""Reports on paper: the report of a run, the claims, and the draft statement as PDF.

WeasyPrint sets them, an optional dependency: nothing of it is imported before a PDF is asked for.
"""
