"""Reports as the reporting actors write, keep and export them."""
