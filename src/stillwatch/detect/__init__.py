"""How traffic behaves: sketches of text, sums per account, tests, calibrated evidence."""
