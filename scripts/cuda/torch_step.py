"""Steps a second of PyTorch programs: an eager training step of small convolutions, which is bound by launches, and
products of 8192 x 8192 in bf16. Prints two numbers for each line on stdin; the argument is how many seconds each of
them takes."""

import sys
import time

import torch


def rate(step, seconds):
    for _ in range(5):
        step()
    torch.cuda.synchronize()
    begin, count = time.monotonic(), 0
    while time.monotonic() - begin < seconds:
        for _ in range(5):
            step()
        torch.cuda.synchronize()
        count += 5
    return count / (time.monotonic() - begin)


def block(channels):
    return torch.nn.Sequential(
        torch.nn.Conv2d(channels, channels, 3, padding=1),
        torch.nn.BatchNorm2d(channels),
        torch.nn.ReLU(),
    )


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3
    model = torch.nn.Sequential(
        torch.nn.Conv2d(3, 32, 3), *[block(32) for _ in range(24)],
        torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(32, 10),
    ).cuda()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    images = torch.randn(16, 3, 32, 32, device="cuda")
    labels = torch.randint(0, 10, (16,), device="cuda")

    def train():
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()

    a = torch.randn(8192, 8192, device="cuda", dtype=torch.bfloat16)
    b = torch.randn(8192, 8192, device="cuda", dtype=torch.bfloat16)
    # What is done once is done before the first line is answered: libraries are loaded, algorithms chosen.
    rate(train, 1), rate(lambda: torch.mm(a, b), 0.5)
    for _ in sys.stdin:
        print(rate(train, seconds), rate(lambda: torch.mm(a, b), seconds), flush=True)


main()
