"""Drives login_device.py: questions and answers in lines of JSON, bytes in hexadecimal. Messages of the classic
login are carried as bodies of POST, which its specification leaves open."""
import json
import sys
import urllib.parse

import login_device
from login_device import Refused, Session, classic_call, classic_login, http_call, require


def carriage(url):
    def ask(message):
        headers = {"content-type": "application/x-www-form-urlencoded"}
        status, _, body = http_call(url, "POST", urllib.parse.urlsplit(url).path, headers, message.encode())
        text = body.decode("utf-8", "replace")
        require(status == 200, f"not proven: {text}")
        return text

    return ask


def answer(question, sessions):
    do, args = question.pop("do"), question
    if do in ("argon2id", "x25519", "derive", "open_box", "open_long_nonce_box", "is_ed25519"):
        args = {name: bytes.fromhex(v) if isinstance(v, str) else v for name, v in args.items()}
        made = getattr(login_device, do)(**args)
        return made.hex() if isinstance(made, bytes) else made
    if do == "classic-login":
        return classic_login(carriage(args.pop("url")), **args)
    if do == "classic-call":
        return classic_call(carriage(args.pop("url")), **args)
    session = sessions.setdefault(args["file"], None) or Session(args["file"])
    sessions[args["file"]] = session
    if do == "refresh":
        return session.refresh()
    status, fields, body = session.call(
        args["method"], args["target"], args.get("headers", {}), bytes.fromhex(args.get("body", ""))
    )
    return {"status": status, "fields": fields, "body": body.hex()}


if __name__ == "__main__":
    sessions = {}
    for line in sys.stdin:
        try:
            told = {"ok": answer(json.loads(line), sessions)}
        except Refused as refused:
            told = {"error": refused.args[0]}
        print(json.dumps(told), flush=True)
