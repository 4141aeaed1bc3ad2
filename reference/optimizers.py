"""Steps of torch.optim, for the trainer's own optimisers. Needs requirements-train.txt, not requirements.txt.

golden/optimizers.json: `start` (the parameters by name: shape, values), `targets` (of the same shapes), `cases`: each a rule with its options,
the rate of every step, and the parameters after every step. Step k minimises sum((p - target)^2 * (k + 1)) / 2 over all
parameters, so that the gradient is (p - target) * (k + 1); vectors have no weight decay. `clips`: gradients of given norm
after torch.nn.utils.clip_grad_norm_.
"""

import torch

import golden_file

SHAPES = {"bias": [3], "weight": [2, 3]}
RATES = [0.1, 0.1, 0.05, 0.2, 0.1]


def values(generator, shape):
    return torch.randn(shape, generator=generator, dtype=torch.float32)


def cases():
    return [
        {"kind": "sgd"},
        {"kind": "sgd", "weight_decay": 0.1},
        {"kind": "sgd", "momentum": 0.9, "weight_decay": 0.01},
        {"kind": "sgd", "momentum": 0.9, "weight_decay": 0.01, "nesterov": True},
        {"kind": "adagrad"},
        {"kind": "adagrad", "initial_sum": 0.1, "weight_decay": 0.05},
        {"kind": "adamw"},
        {"kind": "adamw", "beta1": 0.8, "beta2": 0.95, "epsilon": 1e-6, "weight_decay": 0.1},
    ]


def optimizer(case, groups):
    if case["kind"] == "sgd":
        return torch.optim.SGD(groups, lr=1.0, momentum=case.get("momentum", 0.0), nesterov=case.get("nesterov", False))
    if case["kind"] == "adagrad":
        return torch.optim.Adagrad(groups, lr=1.0, initial_accumulator_value=case.get("initial_sum", 0.0))
    betas = (case.get("beta1", 0.9), case.get("beta2", 0.999))
    return torch.optim.AdamW(groups, lr=1.0, betas=betas, eps=case.get("epsilon", 1e-8))


def run(case, start, targets):
    parameters = {name: torch.nn.Parameter(value.clone()) for name, value in start.items()}
    groups = [
        {"params": [parameters["bias"]], "weight_decay": 0.0},
        {"params": [parameters["weight"]], "weight_decay": case.get("weight_decay", 0.0)},
    ]
    rule = optimizer(case, groups)
    after = []
    for k, rate in enumerate(RATES):
        for group in rule.param_groups:
            group["lr"] = rate
        rule.zero_grad()
        loss = sum(((p - targets[name]) ** 2).sum() for name, p in parameters.items()) * (k + 1) / 2
        loss.backward()
        rule.step()
        after.append({name: listed(p) for name, p in parameters.items()})
    return {"rule": case, "rates": RATES, "after": after}


def clip(start, limit):
    parameters = {name: torch.nn.Parameter(value.clone()) for name, value in start.items()}
    sum((p**2).sum() for p in parameters.values()).backward()
    norm = torch.nn.utils.clip_grad_norm_(parameters.values(), limit)
    return {"limit": limit, "norm": norm.item(), "gradients": {n: listed(p.grad) for n, p in parameters.items()}}


def listed(tensor):
    return golden_file.rounded(tensor.detach().flatten().tolist(), 8)


def main():
    generator = torch.Generator().manual_seed(20261125)
    start = {name: values(generator, shape) for name, shape in SHAPES.items()}
    targets = {name: values(generator, shape) for name, shape in SHAPES.items()}
    golden_file.write_golden("optimizers.json", "optimizers.py", ["torch"], {
        "shapes": SHAPES,
        "start": {name: listed(v) for name, v in start.items()},
        "targets": {name: listed(v) for name, v in targets.items()},
        "cases": [run(case, start, targets) for case in cases()],
        "clips": [clip(start, limit) for limit in (1.0, 100.0)],
    })


if __name__ == "__main__":
    main()
