"""What pages share: pickers, forms, cards, controls."""
