"""`python -m benchmarks [PART ...]`: ratios with their targets, and the machine they come from."""

from __future__ import annotations

import argparse
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from threadpoolctl import threadpool_limits

from benchmarks.measuring import machine, print_results

PARTS = ("generation", "memory", "page", "people", "sweep", "training", "verbs")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Ratios measured side by side.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)} (all)")
    parser.add_argument("--model", default="lstm", help="the bundle that is timed, of one LSTM layer (lstm)")
    parser.add_argument("--corpus", help="recipes for training; else the model writes some")
    args = parser.parse_args()
    if unknown := set(args.parts) - set(PARTS):
        parser.error(f"no part {', '.join(sorted(unknown))}: choose from {', '.join(PARTS)}")
    threadpool_limits(1, "blas")  # as the app and the commands have it
    print(machine())
    failed = False
    for part in args.parts or PARTS:
        if part == "generation":
            from benchmarks import generation

            results = generation.run(args.model)
        elif part == "memory":
            from benchmarks import memory

            results = memory.run()
        elif part == "page":
            from benchmarks import page

            results = page.run()
        elif part == "people":
            from benchmarks import people

            results = people.run()
        elif part == "sweep":
            from benchmarks import sweep

            results = sweep.run(args.model)
        elif part == "verbs":
            from benchmarks import verbs

            results = verbs.run()
        else:
            from benchmarks import training

            results = training.run(args.model, args.corpus)
        print_results(part, results)
        failed = failed or not all(result.holds for result in results)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
