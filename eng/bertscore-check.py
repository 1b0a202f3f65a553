#!/usr/bin/env python3
"""BERTScore of the pairs in golden/bertscore-a, computed a second time: the encoders of model.onnx by the formulas of their papers, in double
precision, with Python alone. Prints precision and recall as stored in expected.json, as computed, and as they spread where dropout is on.

    python3 eng/bertscore-check.py ../shared/golden/bertscore-a [draws]
"""
import json
import math
import random
import struct
import sys


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def fields(data):
    """(number, value) of a protobuf message."""
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        if tag & 7 == 0:
            value, at = varint(data, at)
        else:
            size, at = (4, at) if tag & 7 == 5 else (8, at) if tag & 7 == 1 else varint(data, at)
            value = data[at:at + size]
            at += size
        yield tag >> 3, value


def read_weights(path):
    """Matrices by name, and those that tokens are multiplied by, in order."""
    graph = next(value for number, value in fields(open(path, 'rb').read()) if number == 7)
    named, order = {}, []
    for number, value in fields(graph):
        if number == 5:
            entries = list(fields(value))
            sizes = [size for key, size in entries if key == 1]
            raw = dict(entries).get(9, b'')
            if dict(entries).get(2) == 1 and len(sizes) == 2:
                rows = struct.iter_unpack(f'<{sizes[1]}f', raw)
                named[dict(entries)[8].decode()] = [list(row) for row in rows]
        if number == 1:
            entries = list(fields(value))
            if dict(entries)[4] == b'MatMul':
                order += [name.decode() for key, name in entries if key == 1]
    return named, [named[name] for name in order if name in named]


def times(a, b):
    columns = list(zip(*b))
    return [[sum(x * y for x, y in zip(row, column)) for column in columns] for row in a]


def normalize(rows, epsilon):
    result = []
    for row in rows:
        mean = sum(row) / len(row)
        deviation = math.sqrt(sum((x - mean) ** 2 for x in row) / len(row) + epsilon)
        result.append([(x - mean) / deviation for x in row])
    return result


def add(a, b):
    return [[x + y for x, y in zip(r, s)] for r, s in zip(a, b)]


class Encoder:
    def __init__(self, folder):
        self.config = json.load(open(f'{folder}/config.json'))
        self.named, self.layers = read_weights(f'{folder}/model.onnx')

    def encode(self, ids, dropout):
        """Unit vectors of the last layer. Biases are zero and normalizations have no weights in these encoders."""
        def drop(rows):
            return [[0 if random.random() < dropout else x / (1 - dropout) for x in row] for row in rows] if dropout else rows

        epsilon = self.config['layer_norm_eps']
        first = self.config['pad_token_id'] + 1 if self.config['model_type'] == 'roberta' else 0
        words, positions, kinds = (self.named[f'm.embeddings.{kind}_embeddings.weight'] for kind in ('word', 'position', 'token_type'))
        x = [[sum(parts) for parts in zip(words[token], positions[first + i], kinds[0])] for i, token in enumerate(ids)]
        x = drop(normalize(x, epsilon))
        heads = self.config['num_attention_heads']
        width = len(x[0]) // heads
        for layer in range(self.config['num_hidden_layers']):
            query, key, value, output, up, down = self.layers[6 * layer:6 * layer + 6]
            q, k, v = times(x, query), times(x, key), times(x, value)
            context = [[] for _ in x]
            for part in (slice(head * width, (head + 1) * width) for head in range(heads)):
                weights = []
                for row in q:
                    logits = [math.exp(sum(a * b for a, b in zip(row[part], other[part])) / math.sqrt(width)) for other in k]
                    weights.append([logit / sum(logits) for logit in logits])
                for target, row in zip(context, times(drop(weights), [row[part] for row in v])):
                    target += row
            x = normalize(add(drop(times(context, output)), x), epsilon)
            hidden = [[u / 2 * (1 + math.erf(u / math.sqrt(2))) for u in row] for row in times(x, up)]
            x = normalize(add(drop(times(hidden, down)), x), epsilon)
        return [[u / math.sqrt(sum(w * w for w in row)) for u in row] for row in x]


def score(candidate, reference):
    cosines = [[sum(a * b for a, b in zip(x, y)) for y in reference] for x in candidate]
    mean = lambda rows: sum(max(row) for row in rows[1:-1]) / (len(rows) - 2)
    return mean(cosines), mean(list(zip(*cosines)))


def main(root, draws=10):
    random.seed(1)
    for name in ('bert', 'roberta'):
        encoder = Encoder(f'{root}/{name}')
        expected = json.load(open(f'{root}/{name}/expected.json'))
        ids = {text['text']: text['ids'] for text in expected['tokens']}
        for pair in expected['pairs']:
            candidate, reference = ids[pair['candidate']], ids[pair['reference']]
            exact = score(encoder.encode(candidate, 0), encoder.encode(reference, 0))
            dropped = list(zip(*(score(encoder.encode(candidate, 0.1), encoder.encode(reference, 0.1)) for _ in range(draws))))
            spread = [f'{min(values):.3f}..{max(values):.3f}' for values in dropped]
            print(f'{name:8} {pair["candidate"][:24]:24}  stored {pair["precision"]:.4f} {pair["recall"]:.4f}'
                  f'  computed {exact[0]:.9f} {exact[1]:.9f}  with dropout 0.1 {spread[0]} {spread[1]}', flush=True)


main(sys.argv[1], *map(int, sys.argv[2:]))
