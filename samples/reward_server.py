"""A reward server for `rlcm train --task http`, of the standard library alone. Its reward: how red a picture is.

    python3 samples/reward_server.py 8700
    rlcm train --task http --reward-url http://127.0.0.1:8700
"""
import base64, json, struct, sys, zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def pixels(png):
    """All values of an 8-bit RGB or RGBA PNG and how many a pixel has; Pillow does the same in a line."""
    width, height, _, kind = struct.unpack(">IIBB", png[16:26])
    n, data, at = {2: 3, 6: 4}[kind], b"", 8
    while at < len(png):
        length, name = struct.unpack(">I4s", png[at:at + 8])
        data, at = data + (png[at + 8:at + 8 + length] if name == b"IDAT" else b""), at + 12 + length
    data, stride, values, above = zlib.decompress(data), width * n, bytearray(), bytes(width * n)
    for start in range(0, height * (stride + 1), stride + 1):
        row = bytearray(data[start + 1:start + 1 + stride])
        for i in range(stride):
            a, b, c = (row[i - n] if i >= n else 0), above[i], (above[i - n] if i >= n else 0)
            nearest = min((a, b, c), key=lambda value: abs(a + b - c - value))
            row[i] = (row[i] + (0, a, b, (a + b) // 2, nearest)[data[start]]) & 255
        values, above = values + row, row
    return values, n


def score(png, prompt):
    values, n = pixels(png)
    red, green, blue = (sum(values[channel::n]) / len(values[channel::n]) for channel in range(3))
    return red - (green + blue) / 2


class Server(BaseHTTPRequestHandler):
    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        scores = [score(base64.b64decode(image), prompt) for image, prompt in zip(request["images"], request["prompts"])]
        body = json.dumps({"version": 1, "scores": scores}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Server).serve_forever()
