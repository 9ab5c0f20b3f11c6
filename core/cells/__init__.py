"""What cell measures see: curves of quantized clouds, the protocol they were taken by, sweeps over sizes."""
