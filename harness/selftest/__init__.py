"""The proof that each rule can fail, and only it: recordings with one thing changed, judged and compared.

What must break when something is changed is said by the tables, never by the check that is put to the proof.
"""
