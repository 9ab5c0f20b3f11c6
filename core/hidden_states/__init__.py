"""Where clouds come from: forward passes, layers, devices, and files of vectors."""
