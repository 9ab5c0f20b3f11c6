"""Bytes of tensors: safetensors headers, number formats, byte ranges of files here and on a server."""
