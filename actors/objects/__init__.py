"""The DICOM side that several actors share: giving attributes values, matching queries, keeping performed steps."""
