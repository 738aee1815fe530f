"""What `lrs people import` is made of."""
