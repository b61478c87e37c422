"""The HL7 side that several actors share: what they compose, what they read, and whom they were told of."""
