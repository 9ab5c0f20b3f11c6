"""Every sentence that is computed for people."""
