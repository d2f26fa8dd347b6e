"""Planning: predict what actions do before they are taken, and choose among them."""
