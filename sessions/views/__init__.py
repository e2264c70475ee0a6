"""Pages of live sessions: for learners, for those who run them, for those who design them."""
