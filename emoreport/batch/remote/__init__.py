"""Read videos from URLs and write results to them."""
