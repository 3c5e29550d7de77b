"""Files and texts that describe models."""
