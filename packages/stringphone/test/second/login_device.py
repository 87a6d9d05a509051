"""What a small device needs for our logins, in Python's standard library alone: the client of the classic
login (spec/login-classic.md), and signed calls in a session that it was given (spec/login.md, sections 4-7)."""
import base64, hashlib, hmac, http.client, json, os, pathlib, re, struct, unicodedata, urllib.parse

MASK64 = (1 << 64) - 1

class Refused(Exception):
    """Something that came was not taken; its argument is a code of the specs."""

def require(holds, code):
    if not holds:
        raise Refused(code)

def label(name):
    return b"stringphone/2 " + name.encode() + b"\0"

def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()

def mac(key, *parts):
    return hmac.digest(key, b"".join(parts), "sha256")

def expand32(key, info):
    return mac(key, info, b"\1")

def derive(secret, salt, info):
    return expand32(mac(salt, secret), info)

# --- Argon2id (RFC 9106)
def long_hash(data, size):
    data = struct.pack("<I", size) + data
    if size <= 64:
        return hashlib.blake2b(data, digest_size=size).digest()
    out, block = b"", hashlib.blake2b(data).digest()
    while size - len(out) > 64:
        out += block[:32]
        block = hashlib.blake2b(block, digest_size=min(size - len(out), 64)).digest()
    return out + block

def mix(v, a, b, c, d):
    for turn_d, turn_b in ((32, 24), (16, 63)):
        v[a] = (v[a] + v[b] + 2 * (v[a] & 0xFFFFFFFF) * (v[b] & 0xFFFFFFFF)) & MASK64
        x = v[d] ^ v[a]
        v[d] = (x >> turn_d | x << 64 - turn_d) & MASK64
        v[c] = (v[c] + v[d] + 2 * (v[c] & 0xFFFFFFFF) * (v[d] & 0xFFFFFFFF)) & MASK64
        x = v[b] ^ v[c]
        v[b] = (x >> turn_b | x << 64 - turn_b) & MASK64

ROWS = [[16 * row + at for at in range(16)] for row in range(8)]
COLUMNS = [[16 * row + 2 * col + at for row in range(8) for at in (0, 1)] for col in range(8)]

def compress(x, y):
    start = [a ^ b for a, b in zip(x, y)]
    v = start[:]
    for i in ROWS + COLUMNS:
        for at in range(8):
            mix(v, *(i[4 * row + (at + at // 4 * row) % 4] for row in range(4)))
    return [a ^ b for a, b in zip(start, v)]

def argon2id(password, salt, passes, kib, lanes=1, size=32, secret=b"", data=b""):
    h0, zero = hashlib.blake2b(struct.pack("<6I", lanes, size, kib, passes, 0x13, 2)), [0] * 128
    for part in (password, salt, secret, data):
        h0.update(struct.pack("<I", len(part)) + part)
    segment = kib // (4 * lanes)
    width = 4 * segment
    memory = [[None] * width for _ in range(lanes)]
    for lane in range(lanes):
        for at in (0, 1):
            start = long_hash(h0.digest() + struct.pack("<2I", at, lane), 1024)
            memory[lane][at] = struct.unpack("<128Q", start)
    for turn in range(passes):
        for piece in range(4):
            for lane in range(lanes):
                for i in range(2 if turn == piece == 0 else 0, segment):
                    at = piece * segment + i
                    if turn == 0 and piece < 2:
                        if i % 128 == 0 or i == 2:
                            counted = [turn, lane, piece, width * lanes, passes, 2, i // 128 + 1]
                            addresses = compress(zero, compress(zero, counted + [0] * 121))
                        drawn = addresses[i % 128]
                    else:
                        drawn = memory[lane][at - 1][0]
                    j1, j2 = drawn & 0xFFFFFFFF, drawn >> 32
                    other = lane if turn == piece == 0 else j2 % lanes
                    area = piece * segment if turn == 0 else width - segment
                    area += i - 1 if other == lane else -(i == 0)
                    back = area - 1 - (area * (j1 * j1 >> 32) >> 32)
                    first = 0 if turn == 0 or piece == 3 else (piece + 1) * segment
                    made = compress(memory[lane][at - 1], memory[other][(first + back) % width])
                    if turn > 0:
                        made = [a ^ b for a, b in zip(made, memory[lane][at])]
                    memory[lane][at] = made
    last = zero
    for lane in memory:
        last = [a ^ b for a, b in zip(last, lane[-1])]
    return long_hash(struct.pack("<128Q", *last), size)

# --- X25519 (RFC 7748) and checking Ed25519 (RFC 8032)
P = 2**255 - 19
BASE_POINT = bytes([9]) + bytes(31)

def x25519(key, point):
    k = int.from_bytes(key, "little") & ~7 & (1 << 255) - 1 | 1 << 254
    x1 = int.from_bytes(point, "little") & (1 << 255) - 1
    pair = [(1, 0), (x1, 1)]
    for bit in range(254, -1, -1):
        first, other = k >> bit & 1, 1 - (k >> bit & 1)
        (x2, z2), (x3, z3) = pair[first], pair[other]
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        aa, bb, da, cb = a * a % P, b * b % P, d * a % P, c * b % P
        pair[first] = aa * bb % P, (aa - bb) * (aa + 121665 * (aa - bb)) % P
        pair[other] = (da + cb) ** 2 % P, x1 * (da - cb) ** 2 % P
    return (pair[0][0] * pow(pair[0][1], P - 2, P) % P).to_bytes(32, "little")

D = -121665 * pow(121666, P - 2, P) % P
ORDER = 2**252 + 27742317777372353535851937790883648493

def point_of(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if y >= P or (x * x - square) % P or (x == 0 and sign):
        return None
    return x if x & 1 == sign else P - x, y

def add(p, q):
    k = D * p[0] * q[0] * p[1] * q[1]
    x, y = p[0] * q[1] + q[0] * p[1], p[1] * q[1] + p[0] * q[0]
    return x * pow(1 + k, -1, P) % P, y * pow(1 - k, -1, P) % P

def times(n, p):
    q = (0, 1)
    while n:
        q, p, n = add(q, p) if n & 1 else q, add(p, p), n >> 1
    return q

def is_ed25519(key, message, signature):
    if len(signature) != 64:
        return False
    a, r, s = point_of(key), point_of(signature[:32]), int.from_bytes(signature[32:], "little")
    if not a or not r or s >= ORDER:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % ORDER
    return times(s, point_of((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))) == add(r, times(k, a))

# --- ChaCha20-Poly1305 (RFC 8439) and XChaCha20
def chacha_rounds(key, tail):
    v = list(struct.unpack("<16I", b"expand 32-byte k" + key + tail))
    start = v[:]
    for _ in range(10):
        for shift in (0, 1):
            for i in range(4):
                j = [4 * row + (i + shift * row) % 4 for row in range(4)]
                for a, b, d, turn in ((0, 1, 3, 16), (2, 3, 1, 12), (0, 1, 3, 8), (2, 3, 1, 7)):
                    v[j[a]] = (v[j[a]] + v[j[b]]) & 0xFFFFFFFF
                    x = v[j[d]] ^ v[j[a]]
                    v[j[d]] = (x << turn | x >> 32 - turn) & 0xFFFFFFFF
    return start, v

def chacha_block(key, counter, nonce):
    start, v = chacha_rounds(key, struct.pack("<I", counter) + nonce)
    return struct.pack("<16I", *((a + b) & 0xFFFFFFFF for a, b in zip(start, v)))

def open_box(key, nonce, aad, sealed):
    """The text, or None."""
    text, tag = sealed[:-16], sealed[-16:]
    once = chacha_block(key, 0, nonce)
    r = int.from_bytes(once[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    pad = lambda data: data + bytes(-len(data) % 16)
    said, total = pad(aad) + pad(text) + struct.pack("<QQ", len(aad), len(text)), 0
    for at in range(0, len(said), 16):
        total = (total + int.from_bytes(said[at : at + 16] + b"\1", "little")) * r % ((1 << 130) - 5)
    total = (total + int.from_bytes(once[16:32], "little")) & (1 << 128) - 1
    if not hmac.compare_digest(total.to_bytes(16, "little"), tag):
        return None
    stream = b"".join(chacha_block(key, 1 + at, nonce) for at in range(-(-len(text) // 64)))
    return bytes(a ^ b for a, b in zip(text, stream))

def open_long_nonce_box(key, nonce, aad, sealed):
    _, v = chacha_rounds(key, nonce[:16])
    return open_box(struct.pack("<8I", *v[:4], *v[12:]), bytes(4) + nonce[16:], aad, sealed)

# --- What both logins need: a file for what must not be lost, and HTTP
def save(path, state):
    with open(os.open(path + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(state, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(path + ".new", path)

def http_call(url, method, target, headers, body):
    """Status, fields in lower case with those that are there twice joined, and body."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=60)
    try:
        connection.request(method, target, body, headers)
        answer = connection.getresponse()
        fields = {}
        for name, value in answer.getheaders():
            fields.setdefault(name.lower(), []).append(value.strip())
        content = answer.read((17 << 20) + 1)
    except (http.client.HTTPException, OSError) as error:
        raise Refused("no-answer") from error
    finally:
        connection.close()
    require(len(content) <= 17 << 20, "unproven")
    return answer.status, {name: ", ".join(values) for name, values in fields.items()}, content

# --- Classic: password to token
def form(text):
    return urllib.parse.quote_plus(text, safe="*").replace("~", "%7E")

def text8(text):
    return bytes([len(text.encode())]) + text.encode()

CHALLENGE = r"m=(N)&salt=(B{32})&passes=(N)&kib=(N)&nonce=(B{32})(?:&dh=(B{64}))?"
CHALLENGE = re.compile(CHALLENGE.replace("N", "[1-9][0-9]{0,6}").replace("B", "[0-9a-f]"))
GRANT = re.compile(r"token=([0-9a-f]{32})&box=([0-9a-f]{144})")
BOUNDS = {"m": [1001, 1 << 20], "passes": [1, 16], "kib": [8192, 1 << 20]}

def classic_login(ask, file, realm, login, password, bounds=BOUNDS, exchange=True):
    """ask brings a message to the server and its answer back. The file is the session from then on."""
    login, realm = unicodedata.normalize("NFC", login), unicodedata.normalize("NFC", realm)
    nonce, secret = os.urandom(16), os.urandom(32)
    request = f"user={form(login)}&nonce={nonce.hex()}"
    request += f"&dh={x25519(secret, BASE_POINT).hex()}" if exchange else ""
    challenge = ask(request)
    got = CHALLENGE.fullmatch(challenge)
    require(got and len(challenge) <= 1024, "malformed")
    m, passes, kib = (int(got[at]) for at in (1, 3, 4))
    require(2 <= m <= 1 << 20 and passes <= 16 and 8 <= kib <= 1 << 22, "malformed")
    asked = ((m, bounds["m"]), (passes, bounds["passes"]), (kib, bounds["kib"]))
    require(all(low <= value for value, (low, _) in asked), "weak-challenge")
    require(all(value <= high for value, (_, high) in asked), "costly-challenge")
    require(exchange == bool(got[6]), "bad-exchange")
    shared = x25519(secret, bytes.fromhex(got[6])) if exchange else b""
    require(not exchange or any(shared), "bad-exchange")
    own = sha256(label("login classic salt"), text8(realm), text8(login), bytes.fromhex(got[2]))[:16]
    key = argon2id(unicodedata.normalize("NFKC", password).encode(), own, passes, kib)
    chain = sha256(label("login classic chain"), own)
    for _ in range(m):
        key = mac(chain, b"\1", key)
    info = label("login classic session") + sha256(f"{request}\n{challenge}".encode())
    key = derive(key + shared, nonce + bytes.fromhex(got[5]), info)
    proof = f"user={form(login)}&nonce={got[5]}"
    granted = GRANT.fullmatch(ask(f"{proof}&sign={mac(key, proof.encode()).hex()}"))
    require(granted, "malformed")
    token, box = bytes.fromhex(granted[1]), bytes.fromhex(granted[2])
    token_key = open_long_nonce_box(expand32(key, label("login classic grant")), box[:24], token, box[24:])
    require(token_key, "server-unproven")
    save(file, {"login": login, "token": token.hex(), "key": token_key.hex(), "seq": 0})

def classic_call(ask, file, args):
    state = json.loads(pathlib.Path(file).read_text())
    state["seq"] += 1
    save(file, state)
    call = f"user={form(state['login'])}&token={state['token']}&seq={state['seq']}"
    call += "".join(f"&{form(name)}={form(value)}" for name, value in args)
    return ask(f"{call}&sign={mac(bytes.fromhex(state['key']), call.encode()).hex()}")

# --- Signed calls of a session
BASE = "/.stringphone/login"
CODES = "- denied slow-down unknown-lane expired used too-old revoked malformed missing-scope unprotected"
CODES = CODES.split()
STATUS = {"denied": 403, "missing-scope": 403, "slow-down": 429, "malformed": 400, "unprotected": 400}
SAFE = ("GET", "HEAD", "OPTIONS", "PUT", "DELETE")
FIELDS = re.compile(r'(?: "[!#-\'*+.^_`|~0-9a-z-]+")*')

def base64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")

def in_field(data):
    return f":{base64.b64encode(data).decode()}:"

def digest(body):
    return f"sha-256={in_field(sha256(body))}"

class Session:
    """A session in a file of one program: url, realm, session, generation, root, serverKey; bytes in hexadecimal."""

    def __init__(self, file):
        self.file, self.lane = file, None
        self.state = json.loads(pathlib.Path(file).read_text())

    def generation(self):
        return bytes.fromhex(self.state["session"]) + struct.pack(">I", self.state["generation"])

    def key(self, name, more=b""):
        require(self.state["root"], "revoked")
        root = bytes.fromhex(self.state["root"])
        return derive(root, b"", label("login " + name) + self.generation() + more)

    def told(self, code):
        if code == "revoked":
            self.state, self.lane = {**self.state, "root": None}, None
            save(self.file, self.state)
        return Refused(code)

    def post(self, request, kind, size):
        """The answer of that type, or an error: a proven one by its code, and any other as unproven (6.5)."""
        headers = {"content-type": "application/stringphone-login"}
        status, fields, answer = http_call(self.state["url"], "POST", BASE, headers, request)
        is_ours = status == 200 and fields.get("content-type") == headers["content-type"]
        if is_ours and answer[:1] == b"\x0e" and len(answer) >= 7 and 0 < answer[1] < len(CODES):
            said, proof = label("login error") + sha256(request) + answer[1:6], answer[7:]
            by_mac = answer[6] == 1 and hmac.compare_digest(mac(self.key("errors"), said), proof)
            if by_mac or answer[6] == 2 and is_ed25519(bytes.fromhex(self.state["serverKey"]), said, proof):
                raise self.told(CODES[answer[1]])
        require(is_ours and answer[:1] == bytes([kind]) and len(answer) >= size, "unproven")
        return answer

    def open_lane(self):
        opening, request = self.key("lanes"), b"\5" + self.generation() + os.urandom(16)
        request += mac(opening, label("login open lane"), request)
        answer = self.post(request, 6, 49)
        proof = mac(opening, label("login lane"), sha256(request), answer[:17])
        require(hmac.compare_digest(answer[17:], proof), "unproven")
        self.lane, self.number = answer[1:17], 0

    def refresh(self):
        require(self.state["root"], "revoked")
        if "ephemeral" not in self.state:
            self.state["ephemeral"] = os.urandom(32).hex()
            save(self.file, self.state)
        own, root = (bytes.fromhex(self.state[name]) for name in ("ephemeral", "root"))
        request = b"\7" + self.generation() + x25519(own, BASE_POINT)
        request += mac(self.key("refresh"), label("login refresh request"), request)
        answer = self.post(request, 8, 369)
        shared, about = x25519(own, answer[1:33]), sha256(label("login refresh answer"), request, answer[:33])
        said = label("login refreshed") + text8(self.state["realm"]) + about + answer[97:]
        server_key = bytes.fromhex(self.state["serverKey"])
        require(any(shared) and is_ed25519(server_key, said, answer[33:97]), "unproven")
        text = open_box(derive(shared + root, about, label("login refreshed key")), bytes(12), about, answer[97:])
        require(text is not None, "unproven")
        told, root = json.loads(text), derive(shared + root, about, label("login next root"))
        self.state |= {"root": root.hex(), "generation": self.state["generation"] + 1, "scopes": told["scopes"]}
        self.state["serverKey"] = base64.urlsafe_b64decode(told["card"])[1:33].hex()
        self.lane, _ = None, self.state.pop("ephemeral")
        save(self.file, self.state)

    def call(self, method, target, headers={}, body=b""):
        """Status, the fields that are signed, and the body. Repeats what may be repeated (5.5)."""
        for left in (3, 2, 1, 0):
            try:
                if not self.lane:
                    self.open_lane()
                return self.call_once(method, target, headers, body)
            except Refused as refused:
                is_behind = refused.args[0] in ("unknown-lane", "too-old")
                self.lane = None if is_behind else self.lane
                if not left or not (refused.args[0] == "expired" or is_behind and method in SAFE):
                    raise
                if not is_behind:
                    self.refresh()

    def call_once(self, method, target, headers, body):
        self.number += 1
        headers = {name.lower(): value for name, value in headers.items()} | {"content-digest": digest(body)}
        path, _, query = target.partition("?")
        said = {"@method": method, "@authority": urllib.parse.urlsplit(self.state["url"]).netloc.lower()}
        said |= {"@path": path, "@query": "?" + query, "content-digest": headers["content-digest"]}
        said |= {name: headers[name] for name in sorted(headers)}
        parameters = f';nonce="{self.number}";keyid="%s"%s;tag="stringphone-login"'
        by_lane = parameters % (base64url(self.lane), "")
        names = "(" + " ".join(f'"{name}"' for name in said) + ")"
        lines = "".join(f'"{name}": {value}\n' for name, value in said.items())
        lines += f'"@signature-params": {names}{by_lane}'
        signature = in_field(mac(self.key("request signing", self.lane), lines.encode()))
        headers |= {"signature-input": f"sp={names}{by_lane}", "signature": f"sp={signature}"}
        status, fields, content = http_call(self.state["url"], method, target, headers, body)
        # The answer: of just the form of 7.4, by the lane or, for an error without one, by the server key.
        server_key, end = bytes.fromhex(self.state["serverKey"]), ' "signature";req;key="sp")'
        by_server = ' "signature-input";req;key="sp"' + end + parameters % (base64url(server_key), ';alg="ed25519"')
        given, proof = fields.get("signature-input", ""), fields.get("signature", "")
        ends = {end + by_lane: "", by_server: f'"signature-input";req;key="sp": {names}{by_lane}\n'}
        start, end = 'sp=("@status" "content-digest"', next((one for one in ends if given.endswith(one)), None)
        require(end and given.startswith(start), "unproven")
        middle = given[len(start) : -len(end)]
        covered = [one.strip('"') for one in middle.split()]
        is_ordered = FIELDS.fullmatch(middle) and covered == sorted({*covered} - {"content-digest"})
        require(is_ordered and all(name in fields for name in covered), "unproven")
        require(fields.get("content-digest") == digest(content), "unproven")
        lines = f'"@status": {status}\n"content-digest": {digest(content)}\n'
        lines += "".join(f'"{name}": {fields[name]}\n' for name in covered)
        lines += f'{ends[end]}"signature";req;key="sp": {signature}\n"@signature-params": {given[3:]}'
        name = fields["stringphone-error"] if "stringphone-error" in covered else None
        is_error = name in CODES and status == STATUS.get(name, 401)
        if end != by_server:
            right = "sp=" + in_field(mac(self.key("answer signing", self.lane), lines.encode()))
            require(hmac.compare_digest(right.encode(), proof.encode()), "unproven")
        else:
            binary = base64.b64decode(proof[4:-1]) if re.fullmatch(r"sp=:[\w+/]{86}==:", proof, re.A) else b""
            require(is_error and is_ed25519(server_key, lines.encode(), binary), "unproven")
        if is_error:
            raise self.told(name)
        return status, {name: fields[name] for name in covered}, content
