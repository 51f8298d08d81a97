"""Judges chains with cryptography. Lines come in and answers go out as in chains.go."""

import base64
import datetime
import sys
import warnings

from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store

warnings.simplefilter("ignore")


def judge(line):
    leaf, between, root = (
        x509.load_der_x509_certificate(base64.b64decode(text)) for text in line.split()
    )
    builder = PolicyBuilder().store(Store([root])).time(datetime.datetime(2030, 6, 1))
    verifier = builder.build_server_verifier(x509.DNSName("a.example.com"))
    verifier.verify(leaf, [between])


for line in sys.stdin:
    try:
        judge(line)
        print("yes")
    except BaseException as error:  # a panic of Rust code is one too
        print("no", str(error).replace("\n", " "))
