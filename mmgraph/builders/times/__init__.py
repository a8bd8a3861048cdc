"""What all builders with a time share, and the builders of recordings and videos."""
