"""Writes this model as a checkpoint of nanoGPT, and a text in nanoGPT's form beside it. Needs PyTorch and NumPy only.

    python to_nanogpt.py --nanogpt ../nanoGPT --text my.txt

writes ../nanoGPT/out-inkling/ckpt.pt and ../nanoGPT/data/inkling/{train.bin,val.bin,meta.pkl}; then, in ../nanoGPT:

    python train.py --init_from=resume --out_dir=out-inkling --dataset=inkling ...
    python sample.py --out_dir=out-inkling
"""

import argparse
import json
import math
import os
import pickle

import numpy
import torch

parser = argparse.ArgumentParser()
parser.add_argument("--model", default=os.path.dirname(os.path.abspath(__file__)), help="folder of the model")
parser.add_argument("--nanogpt", default=".", help="nanoGPT's folder")
parser.add_argument("--text", help="a text file, UTF-8, to go on training with")
parser.add_argument("--name", default="inkling", help="the dataset is data/NAME, the run out-NAME")
arguments = parser.parse_args()


def read_safetensors(path):
    """Tensors by name: a header of JSON with offsets into what comes after it. F32 only, which is what is exported."""
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
        data = bytearray(file.read())
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        if entry["dtype"] != "F32":
            raise SystemExit(f"{name} is {entry['dtype']}, not F32.")
        count = math.prod(entry["shape"])
        tensor = torch.frombuffer(data, dtype=torch.float32, count=count, offset=entry["data_offsets"][0])
        tensors[name] = tensor.reshape(entry["shape"]).clone()
    return tensors


with open(os.path.join(arguments.model, "config.json"), encoding="utf-8") as file:
    config = json.load(file)
with open(os.path.join(arguments.model, "tokenizer.json"), encoding="utf-8") as file:
    tokenizer = json.load(file)

if not config.get("tie_word_embeddings", True):
    raise SystemExit("nanoGPT always ties the head to the embedding, and this model's head is its own.")
if (config.get("n_inner") or 4 * config["n_embd"]) != 4 * config["n_embd"]:
    raise SystemExit("nanoGPT's hidden layer is always four times as wide as the model, and this one is not.")
if config["activation_function"] == "relu":
    raise SystemExit("nanoGPT has GELU, and this model has ReLU.")
if config["activation_function"] != "gelu":
    print("This model has the tanh form of GELU: in nanoGPT's model.py, write nn.GELU(approximate='tanh').")

bias = config.get("bias", True)
transposed = ("attn.c_attn.weight", "attn.c_proj.weight", "mlp.c_fc.weight", "mlp.c_proj.weight")
state = {}
for name, tensor in read_safetensors(os.path.join(arguments.model, "model.safetensors")).items():
    if bias or not name.endswith(".bias"):
        # Hugging Face's Conv1D keeps (in, out), PyTorch's Linear (out, in)
        state[name] = tensor.t().contiguous() if name.endswith(transposed) else tensor
state["lm_head.weight"] = state["transformer.wte.weight"]

# nanoGPT resumes its optimizer too: an AdamW that has made no step yet, over parameters in nanoGPT's groups and order
parameters = [tensor for name, tensor in state.items() if name != "lm_head.weight"]
groups = [
    {"params": [p for p in parameters if p.dim() >= 2], "weight_decay": 0.1},
    {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0},
]
optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.99))
checkpoint = {
    "model": state,
    "optimizer": optimizer.state_dict(),
    "model_args": {
        "n_layer": config["n_layer"],
        "n_head": config["n_head"],
        "n_embd": config["n_embd"],
        "block_size": config["n_positions"],
        "bias": bias,
        "vocab_size": config["vocab_size"],
        "dropout": 0.0,
    },
    "iter_num": 0,
    "best_val_loss": 1e9,
    "config": {"dataset": arguments.name},
}
run = os.path.join(arguments.nanogpt, f"out-{arguments.name}")
os.makedirs(run, exist_ok=True)
torch.save(checkpoint, os.path.join(run, "ckpt.pt"))
print(f"Wrote {os.path.join(run, 'ckpt.pt')}.")

if arguments.text:
    if tokenizer["model"]["merges"]:
        raise SystemExit("A text is written for models of single characters only: prepare it as nanoGPT does for GPT-2.")
    stoi = tokenizer["model"]["vocab"]
    with open(arguments.text, encoding="utf-8", newline="") as file:
        text = file.read()
    end = "<|endoftext|>"
    documents = text.split(end) if end in stoi else [text]
    unknown = set().union(*documents) - stoi.keys()
    if unknown:
        print(f"Left out, since the model does not know them: {''.join(sorted(unknown))!r}")
    ids = []
    for number, document in enumerate(documents):
        ids += [stoi[end]] if number > 0 else []
        ids += [stoi[character] for character in document if character in stoi]
    ids = numpy.array(ids, dtype=numpy.uint16)
    folder = os.path.join(arguments.nanogpt, "data", arguments.name)
    os.makedirs(folder, exist_ok=True)
    cut = len(ids) * 9 // 10
    ids[:cut].tofile(os.path.join(folder, "train.bin"))
    ids[cut:].tofile(os.path.join(folder, "val.bin"))
    with open(os.path.join(folder, "meta.pkl"), "wb") as file:
        itos = {id: token for token, id in stoi.items()}
        pickle.dump({"vocab_size": len(stoi), "stoi": stoi, "itos": itos}, file)
    print(f"Wrote {folder}: {len(ids)} tokens.")
