"""What measuring a subject takes: a plan, the vectors, and the computing of measures."""
