"""PyTorch's matrix products and its copy within each GPU, as JSON on standard output.

    python3 scripts/peers/torch_compute.py [SIZE]

Products of square matrices of SIZE (8192) rows of random numbers between -1 and 1 (integers of 7 bits), and
copy_ of 8 GiB, bytes read plus bytes written; CUDA events, the median of 25 after 5 to warm up.
"""

import json
import statistics
import sys

import torch

SAMPLES = 25
WARM_UP = 5
COPY_BYTES = 8 << 30


def milliseconds(work):
    """The median time of one call."""
    times = []
    for i in range(WARM_UP + SAMPLES):
        start = torch.cuda.Event(enable_timing=True)
        end = torch.cuda.Event(enable_timing=True)
        start.record()
        work()
        end.record()
        end.synchronize()
        if i >= WARM_UP:
            times.append(start.elapsed_time(end))
    return statistics.median(times)


def pci_of(index):
    properties = torch.cuda.get_device_properties(index)
    return "%04x:%02x:%02x.0" % (
        properties.pci_domain_id,
        properties.pci_bus_id,
        properties.pci_device_id,
    )


def measure(index, size):
    """Figure -> median, of one GPU: GB/s, TFLOP/s, TOP/s."""
    operations = 2 * size**3
    with torch.cuda.device(index):
        a = torch.rand(COPY_BYTES // 4, device="cuda")
        b = torch.empty_like(a)
        found = {"memory.copy": 2 * COPY_BYTES / milliseconds(lambda: b.copy_(a)) / 1e6}
        del a, b
        for name, kind in (("fp16", torch.float16), ("bf16", torch.bfloat16)):
            x, y = ((torch.rand(size, size, device="cuda") * 2 - 1).to(kind) for _ in range(2))
            found[f"compute.gemm_{name}_fp32"] = operations / milliseconds(lambda: x @ y) / 1e9
        x, y = (torch.randint(-64, 64, (size, size), device="cuda").to(torch.int8) for _ in range(2))
        product = lambda: torch._int_mm(x, y.t())  # the layout that is fast
        found["compute.gemm_int8_int32"] = operations / milliseconds(product) / 1e9
    return found


def main():
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 8192
    results = [
        {"pci": pci_of(index), "figures": measure(index, size)}
        for index in range(torch.cuda.device_count())
    ]
    json.dump({"torch": torch.__version__, "results": results}, sys.stdout)


main()
