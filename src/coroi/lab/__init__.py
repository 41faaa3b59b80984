"""What simulation can tell: whether estimators find what is true, as often as they say, and what a pilot would find."""
