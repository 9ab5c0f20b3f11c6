"""`python -m tests.golden [NAME…]` writes the files beside this anew: all, or those named."""

import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"  # before anything imports huggingface_hub

from tests.golden import making

asked = sys.argv[1:]
with making.workplace() as folder:
    content = making.made(folder) | making.made_of_minilm(folder)
for name, value in content.items():
    if not asked or name in asked:
        making.write(name, value)
        print(f"{making.path_of(name).name}: {making.path_of(name).stat().st_size:,} bytes")
