"""How PyTorch meets a limit of memory: what it sees of the GPU, how much it gets in blocks of 256 MiB until it is
refused, and whether all of that can be had again once it was given back. Prints one line of JSON."""

import json
import subprocess

import torch

BLOCK = 256 << 20


def fill():
    blocks = []
    try:
        while True:
            blocks.append(torch.empty(BLOCK, dtype=torch.uint8, device="cuda").fill_(len(blocks) & 255))
    except torch.OutOfMemoryError:
        pass
    right = all(int(block[0]) == int(block[-1]) == i & 255 for i, block in enumerate(blocks))
    return len(blocks), right


def main():
    torch.zeros(1, device="cuda")
    free, total = torch.cuda.mem_get_info()
    first, right = fill()
    torch.cuda.empty_cache()
    second, again = fill()
    torch.cuda.empty_cache()
    query = ["nvidia-smi", "--query-gpu=memory.total,memory.used", "--format=csv,noheader,nounits", "-i", "0"]
    seen = subprocess.run(query, capture_output=True, text=True).stdout.strip()
    print(json.dumps({
        "free": free, "total": total, "blocks": [first, second], "right": right and again, "nvidia_smi_mib": seen,
    }))


main()
