"""DICOM on pydicom: attribute paths, edits, UIDs, status codes, encoding. Knows no link and no actor."""
