"""Links to a person who operates a product: files in a folder, a page on this machine, a keyboard.

A desk shows questions and takes answers; it knows nothing of plays, and decides nothing.
"""
