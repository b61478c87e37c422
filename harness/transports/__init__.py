"""Real links: endpoints and clients that carry messages and record every byte that passes. They judge nothing."""
