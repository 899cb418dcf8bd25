"""Goes on training this model with PyTorch, on one processor, several GPUs or several machines.

    accelerate launch train.py --text my.txt --steps 2000 --out trained

With --steps 0 it only evaluates: the mean loss over the whole text in nats per token, cut into consecutive windows of
context + 1 tokens that share one token.
"""

import argparse
import os

import torch
import torch.nn.functional as F
from accelerate import Accelerator
from transformers import AutoModelForCausalLM, AutoTokenizer, get_cosine_schedule_with_warmup

parser = argparse.ArgumentParser()
parser.add_argument("--model", default=os.path.dirname(os.path.abspath(__file__)), help="folder of the model")
parser.add_argument("--text", required=True, help="a text file, UTF-8")
parser.add_argument("--out", default="trained", help="folder to write to")
parser.add_argument("--steps", type=int, default=1000)
parser.add_argument("--batch", type=int, default=12, help="windows a step on each process")
parser.add_argument("--lr", type=float, default=1e-3)
parser.add_argument("--weight-decay", type=float, default=0.1)
parser.add_argument("--eval-every", type=int, default=250)
parser.add_argument("--seed", type=int, default=1337)
arguments = parser.parse_args()

accelerator = Accelerator()
tokenizer = AutoTokenizer.from_pretrained(arguments.model)
model = AutoModelForCausalLM.from_pretrained(arguments.model, dtype=torch.float32)
context = model.config.n_positions

with open(arguments.text, encoding="utf-8", newline="") as file:
    text = file.read()
# line by line, which is quicker than all at once
lines = tokenizer(text.splitlines(keepends=True), add_special_tokens=False)["input_ids"]
ids = torch.tensor([token for line in lines for token in line])
if "".join(tokenizer.batch_decode(lines)) != text:
    accelerator.print("Some characters of the text are not in the model's vocabulary; they are left out.")


@torch.no_grad()
def evaluate(ids):
    """Mean loss over all tokens but the first. Every process computes the same."""
    model.eval()
    total = 0.0
    for start in range(0, len(ids) - 1, context):
        window = ids[start : start + context + 1].to(accelerator.device)
        logits = model(window[None, :-1]).logits[0]
        total += F.cross_entropy(logits.double(), window[1:], reduction="sum").item()
    model.train()
    return total / (len(ids) - 1)


if arguments.steps == 0:
    model.to(accelerator.device)
    accelerator.print(f"loss {evaluate(ids):.6f} over {len(ids) - 1} tokens")
    raise SystemExit

cut = len(ids) * 9 // 10
training, held_back = ids[:cut], ids[cut:]
if len(training) <= context + 1 or len(held_back) < 2:
    raise SystemExit(f"The text is too short for a context of {context}.")
matrices = [p for p in model.parameters() if p.dim() >= 2]
vectors = [p for p in model.parameters() if p.dim() < 2]
groups = [{"params": matrices, "weight_decay": arguments.weight_decay}, {"params": vectors, "weight_decay": 0.0}]
optimizer = torch.optim.AdamW(groups, lr=arguments.lr, betas=(0.9, 0.99))
model, optimizer = accelerator.prepare(model, optimizer)
schedule = get_cosine_schedule_with_warmup(optimizer, arguments.steps // 10, arguments.steps)
# each process draws windows of its own
draw = torch.Generator().manual_seed(arguments.seed + accelerator.process_index)

for step in range(1, arguments.steps + 1):
    starts = torch.randint(len(training) - context, (arguments.batch,), generator=draw)
    windows = torch.stack([training[start : start + context + 1] for start in starts]).to(accelerator.device)
    logits = model(windows[:, :-1]).logits
    loss = F.cross_entropy(logits.flatten(0, 1), windows[:, 1:].flatten())
    accelerator.backward(loss)
    accelerator.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    schedule.step()
    optimizer.zero_grad()
    if step % arguments.eval_every == 0 or step == arguments.steps:
        mean = accelerator.reduce(loss.detach(), reduction="mean").item()
        accelerator.print(f"step {step}  training loss {mean:.4f}  validation loss {evaluate(held_back):.4f}")

accelerator.wait_for_everyone()
if accelerator.is_main_process:
    accelerator.unwrap_model(model).save_pretrained(arguments.out)
    tokenizer.save_pretrained(arguments.out)
    print(f"Saved in {arguments.out}.")
accelerator.end_training()
