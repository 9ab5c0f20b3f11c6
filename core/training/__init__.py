"""Small causal language models: trained from scratch or further, quantized, and measured."""
