"""Bodies, paths and headers that have broken web services, with what they must be answered."""

from collections.abc import Callable

# A body of about n bytes, and the statuses of /classify that are right for it.
BODIES: dict[str, tuple[Callable[[int], bytes], set[int]]] = {
    "deep lists": (lambda n: b"[" * n, {400}),
    "deep lists, closed": (lambda n: b"[" * (n // 2) + b"]" * (n // 2), {400, 422}),
    "deep objects": (lambda n: b'{"a":' * (n // 5), {400}),
    "deep within a field": (lambda n: b'{"text":' + b"[" * n + b"]" * n + b"}", {400}),
    "deep, but allowed": (lambda n: b'{"text":' + b"[" * 1000 + b"]" * 1000 + b"}", {422}),
    "wide list": (lambda n: b"[" + b"0," * (n // 2) + b"0]", {422}),
    "wide list of objects": (lambda n: b"[" + b"{}," * (n // 3) + b"{}]", {422}),
    "many fields": (
        lambda n: b"{" + b",".join(b'"f%d":0' % i for i in range(n // 10)) + b"}",
        {422},
    ),
    "one field again and again": (
        lambda n: b"{" + b'"text":"China",' * (n // 15) + b'"text":"China"}',
        {200},
    ),
    "wide list in a field": (lambda n: b'{"text":[' + b"0," * (n // 2) + b"0]}", {422}),
    "wide object in a field": (
        lambda n: b'{"text":{' + b",".join(b'"f%d":0' % i for i in range(n // 10)) + b"}}",
        {422},
    ),
    "long number": (lambda n: b'{"text":' + b"9" * n + b"}", {400, 422}),
    "long fraction": (lambda n: b'{"text":0.' + b"1" * n + b"}", {400, 422}),
    "long exponent": (lambda n: b'{"text":1e' + b"9" * n + b"}", {400, 422}),
    "long negative exponent": (lambda n: b'{"text":1e-' + b"9" * n + b"}", {400, 422}),
    "long field name": (lambda n: b'{"' + b"a" * n + b'":0}', {422}),
    "long language": (lambda n: b'{"text":"a","language":"' + b"a" * n + b'"}', {422}),
    "escaped surrogates": (lambda n: b'{"text":"' + rb"\ud83d" * (n // 6) + b'"}', {400}),
    "escaped pairs": (lambda n: b'{"text":"' + rb"\ud83d\ude00" * (n // 12) + b'"}', {200, 422}),
    "escaped null bytes": (lambda n: b'{"text":"' + rb"\u0000" * (n // 6) + b'"}', {200, 422}),
    "raw null bytes": (lambda n: b'{"text":"' + b"\x00" * n + b'"}', {400}),
    "raw line breaks": (lambda n: b'{"text":"' + b"\n" * n + b'"}', {400}),
    "only blanks": (lambda n: b" " * n, {400}),
    "blanks around": (lambda n: b" " * n + b'{"text":"China"}' + b"\n" * n, {200}),
    "byte order mark": (lambda n: b'\xef\xbb\xbf{"text":"China"}', {400}),
    "UTF-16": (lambda n: '{"text":"China"}'.encode("utf-16"), {400}),
    "overlong UTF-8": (lambda n: b'{"text":"' + b"\xc0\xaf" * 10 + b'"}', {400}),
    "surrogates in UTF-8": (lambda n: b'{"text":"\xed\xa0\x80"}', {400}),
    "cut in a character": (lambda n: '{"text":"中'.encode()[:-1], {400}),
    "two documents": (lambda n: b'{"text":"a"}{"text":"b"}', {400}),
    "comment": (lambda n: b'{"text":"a"}//', {400}),
    "single quotes": (lambda n: b"{'text':'a'}", {400}),
    "prototype": (lambda n: b'{"text":"a","__proto__":{"evidence":true}}', {422}),
    "class": (lambda n: b'{"text":"a","__class__":"os.system"}', {422}),
    "YAML": (lambda n: b"text: China", {400}),
    "XML with entities": (
        lambda n: b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
        {400},
    ),
    "gzip": (lambda n: bytes.fromhex("1f8b08000000000000034b4c4a06000000ffff") + b"\0" * n, {400}),
}

PATHS = [
    "/../etc/passwd",
    "/..%2f..%2f..%2fetc%2fpasswd",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/....//....//etc/passwd",
    "/classify/../model/../../etc/passwd",
    "/classify/..;/model",
    "/classify%00.json",
    "/%00",
    "/%ff%fe",
    "/%c0%ae%c0%ae/etc/passwd",
    "/%F0%9F%87%A8",
    "//etc/passwd",
    "/\\..\\..\\windows\\win.ini",
    "/static/..%5c..%5c/etc/passwd",
    "/docs/../service/app.py",
    "/models/default/manifest.json",
    "/.env",
    "/.git/config",
    "/" + "a" * 8000,
    "/" + "a/" * 4000,
    "/classify?" + "a=b&" * 2000,
    "/classify;v=1",
    "/CLASSIFY",
    "/classify/",
    "/classify//batch",
]

HEADERS: list[dict[str, str]] = [
    {"content-type": "application/json; charset=utf-16"},
    {"content-type": "application/json;" * 500},
    {"content-type": "application/json", "content-encoding": "gzip"},
    {"content-type": "application/json", "accept": "image/png"},
    {"content-type": "application/json", "x-request-id": "a" * 5000},
    {"content-type": "application/json", "x-request-id": "\x7f<script>"},
    {"content-type": "application/json", "authorization": "Bearer " + "a" * 5000},
    {"content-type": "application/json", "authorization": "Basic ////"},
    {"content-type": "application/json", "cookie": "a=b;" * 1000},
    {"content-type": "application/json", "host": "evil.example"},
    {"content-type": "application/json", "x-forwarded-for": "127.0.0.1, ::1, x"},
    {"content-type": "application/json", "range": "bytes=0-,0-,0-"},
    {"content-type": "application/json", "expect": "100-continue"},
    {"content-type": "application/json"} | {f"x-{i}": "a" for i in range(90)},
]

# Sent as they are, byte by byte: what no client library would send.
RAW: dict[str, bytes] = {
    "nothing": b"",
    "noise": bytes(range(256)) * 20,
    "TLS": bytes.fromhex("16030100c8010000c40303") + b"\0" * 190,
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/0.9": b"GET /\r\n",
    "no version": b"GET / HTTP/9.9\r\n\r\n",
    "method": b"\x00\x01 / HTTP/1.1\r\n\r\n",
    "no host": b"GET /model HTTP/1.1\r\n\r\n",
    "null byte in a header": b"GET /model HTTP/1.1\r\nHost: a\x00b\r\n\r\n",
    "broken header lines": b"GET /model HTTP/1.1\r\nHost: a\r\nx: 1\r\n y\r\n\r\n",
    "two lengths": (
        b"POST /classify HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        b'Content-Length: 4\r\nContent-Length: 15\r\n\r\n{"text":"abc"}\n'
    ),
    "length and chunks": (
        b"POST /classify HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    "negative length": b"POST /classify HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    "endless length": b"POST /classify HTTP/1.1\r\nHost: a\r\nContent-Length: 9" + b"9" * 40,
    "bad chunk": (
        b"POST /classify HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"
    ),
    "long header": b"GET /model HTTP/1.1\r\nHost: a\r\nx: " + b"a" * 200_000 + b"\r\n\r\n",
    "many headers": b"GET /model HTTP/1.1\r\nHost: a\r\n" + b"x: a\r\n" * 20_000 + b"\r\n",
    "pipeline": b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n" * 500,
    "websocket": (
        b"GET /classify HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    ),
}
